import Testing
import Web
@testable import Relay

@Suite("A posted message")
struct MessageDraftTests {
    private static let bad: [(member: String, value: JSONValue, fault: MessageFault)] = [
        ("ciphertext", .null, .ciphertext), ("ciphertext", .number(1), .ciphertext),
        ("ciphertext", .string(""), .ciphertext),
        ("ciphertext", .string("AAA"), .ciphertext), ("ciphertext", .string("!!!!"), .ciphertext),
        ("ciphertext", .array([.string("AAAA")]), .ciphertext),
        ("ciphertext", .string(String(repeating: "A", count: 131_076)), .ciphertext),
        ("nonce", .null, .nonce), ("nonce", .string("AAAA"), .nonce), ("nonce", .string(""), .nonce),
        ("nonce", .string(String(repeating: "A", count: 36)), .nonce),
        ("nonce", .string(String(repeating: "A", count: 31) + "="), .nonce), ("nonce", .array([]), .nonce),
        ("sender", .number(1), .sender), ("sender", .array([]), .sender), ("sender", .bool(false), .sender),
        ("sender", .string(String(repeating: "x", count: 65)), .sender),
        ("sender", .string(String(repeating: "🚂", count: 33)), .sender),
        ("reply_to", .number(1), .replyTo), ("reply_to", .string(""), .replyTo),
        ("reply_to", .string("1234567"), .replyTo),
        ("reply_to", .string("1234 678"), .replyTo),
        ("reply_to", .string(String(repeating: "x", count: 65)), .replyTo),
        ("ttl_ms", .number(29_999), .ttl), ("ttl_ms", .number(31_622_400_001), .ttl),
        ("ttl_ms", .number(-1), .ttl),
        ("ttl_ms", .number(.infinity), .ttl), ("ttl_ms", .number(.nan), .ttl),
        ("ttl_ms", .string("60000"), .ttl),
        ("ttl_ms", .bool(true), .ttl), ("ttl_ms", .number(0.5), .ttl),
    ]

    @Test("is refused by the member that is wrong", arguments: bad.indices)
    func faults(index: Int) throws {
        let (member, value, fault) = Self.bad[index]
        #expect(throws: fault) { try MessageDraft.made([member: value]) }
    }

    @Test(
        "lacks ciphertext or nonce", arguments: [("ciphertext", MessageFault.nonce), ("nonce", .ciphertext)])
    func missing(only: String, fault: MessageFault) {
        let text = only == "nonce" ? MessageDraft.nonceText : "AAAA"
        #expect(throws: fault) { try MessageDraft(.object([only: .string(text)]), limits: RoomLimits()) }
    }

    @Test("that is no object lacks everything", arguments: [JSONValue.array([]), .null, .string("AAAA")])
    func noObject(value: JSONValue) {
        #expect(throws: MessageFault.ciphertext) { try MessageDraft(value, limits: RoomLimits()) }
    }

    @Test("of exactly the ceiling passes, and the ceiling is a setting")
    func ceiling() throws {
        #expect(try MessageDraft.sized(131_072).ciphertext.readableBytes == 131_072)
        var limits = RoomLimits()
        limits.messageBytesMax = 8
        #expect(throws: MessageFault.ciphertext) {
            try MessageDraft.made(["ciphertext": .string(String(repeating: "A", count: 12))], limits: limits)
        }
    }

    @Test("may say nothing of sender, reply and expiry, or null")
    func optional() throws {
        for changes in [[:], ["sender": .null, "reply_to": .null, "ttl_ms": .null]] as [[String: JSONValue]] {
            let draft = try MessageDraft.made(changes)
            #expect(draft.sender == nil)
            #expect(draft.replyTo == nil)
            #expect(draft.ttl == nil)
        }
    }

    @Test("with an empty sender has none, with 64 UTF-16 units it has one")
    func sender() throws {
        #expect(try MessageDraft.made(["sender": .string("")]).sender == nil)
        let longest = String(repeating: "🚂", count: 32)
        #expect(try MessageDraft.made(["sender": .string(longest)]).sender == longest)
    }

    @Test(
        "with a ttl of 0 doesn't expire; the bounds themselves pass",
        arguments: [(0.0, nil), (30_000, 30_000), (31_622_400_000, 31_622_400_000), (30_000.5, 30_000.5)]
            as [(Double, Double?)])
    func ttl(sent: Double, kept: Double?) throws {
        #expect(try MessageDraft.made(["ttl_ms": .number(sent)]).ttl == kept)
    }

    @Test(
        "may reply to 8 to 64 plain characters",
        arguments: ["12345678", "6f9619ff-8b86-d011-b42d-00c04fc964ff", String(repeating: "_", count: 64)])
    func replyTo(id: String) throws {
        #expect(try MessageDraft.made(["reply_to": .string(id)]).replyTo == id)
    }

    @Test("is charged with its ciphertext and a flat overhead, as the original counts")
    func charge() throws {
        #expect(try MessageDraft.sized(400).chargedBytes == 912)
    }

    @Test("claims to be signed only with both fields, and locks only with true")
    func signing() throws {
        #expect(try MessageDraft.made(["sender_handle": .string("a")]).claim == nil)
        #expect(
            try MessageDraft.made(["sender_handle": .string("a"), "sender_sig": .string("b")]).claim != nil)
        #expect(try !MessageDraft.made(["signed_only": .string("true")]).wantsSignedOnly)
        #expect(try MessageDraft.made(["signed_only": .bool(true)]).wantsSignedOnly)
    }
}
