import Foundation
import NIOCore
import Testing
import TestSupport
import Web
@testable import Relay

/// A posted body read both ways.
private enum BothWays {
    static func plain(_ body: ByteBuffer, _ limits: RoomLimits = RoomLimits()) -> MessageDraft? {
        MessageDraft(plain: body, limits: limits)
    }

    static func general(_ body: ByteBuffer, _ limits: RoomLimits = RoomLimits()) throws -> MessageDraft {
        try MessageDraft(JSONParser.parse(body), limits: limits)
    }

    /// All of a draft without a claim.
    static func same(_ one: MessageDraft, _ other: MessageDraft) -> Bool {
        guard one.ciphertext == other.ciphertext, one.nonce == other.nonce else { return false }
        guard (one.sender == nil) == (other.sender == nil) else { return false }
        guard Array((one.sender ?? "").utf8) == Array((other.sender ?? "").utf8) else { return false }
        guard one.ttl == other.ttl, one.replyTo == other.replyTo else { return false }
        guard one.wantsSignedOnly == other.wantsSignedOnly else { return false }
        guard one.chargedBytes == other.chargedBytes else { return false }
        return one.claim == nil && other.claim == nil
    }

    /// What is wrong with the plain way; nil when nothing is.
    static func fault(_ body: ByteBuffer, _ limits: RoomLimits = RoomLimits()) -> String? {
        guard let draft = plain(body, limits) else { return nil }
        do {
            let expected = try general(body, limits)
            return same(draft, expected) ? nil : "the drafts differ"
        } catch {
            return "the general way refuses it: \(error)"
        }
    }
}

@Suite("A posted message of the common shape")
struct PlainMessageTests {
    private static let nonce = String(repeating: "A", count: 32)

    private static let taken: [String] = [
        // As Python's json.dumps writes it.
        #"{"ciphertext": "AAAA", "nonce": "\#(nonce)", "sender": "ann"}"#,
        // As JSON.stringify does.
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","sender":"ann"}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)"}"#,
        #"{"sender":"","nonce":"\#(nonce)","ciphertext":"AA=="}"#,
        #"{"nonce":"-_+/\#(nonce.dropFirst(4))","ciphertext":"-_+/AAA="}"#,
        " \t\r\n{ \n\"nonce\"\t:\r\"\(nonce)\" ,\n\n\"ciphertext\" : \"AAAA\"\r\n}\n \t",
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","sender":" !#$%&'()*+,-./:;<=>?@[]^_`{|}~"}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","sender":"\#(String(repeating: "s", count: 64))"}"#,
    ]

    @Test("is taken the plain way, and for what the general way takes it for", arguments: taken)
    func takenPlainly(text: String) throws {
        let body = ByteBuffer(string: text)
        let plain = try #require(BothWays.plain(body))
        #expect(BothWays.same(plain, try BothWays.general(body)))
    }

    @Test("of each length around a step of eight bytes is taken", arguments: 0...40)
    func lengths(length: Int) throws {
        let sender = String(repeating: "s", count: length)
        for digits in [4, 8, 12, 16, 20, 60, 64, 68] {
            let ciphertext = String(repeating: "A", count: digits)
            let text = #"{"sender":"\#(sender)","ciphertext":"\#(ciphertext)","nonce":"\#(Self.nonce)"}"#
            let body = ByteBuffer(string: text)
            let plain = try #require(BothWays.plain(body))
            #expect(plain.sender ?? "" == sender)
            #expect(String(buffer: plain.ciphertext) == ciphertext)
            #expect(BothWays.fault(body) == nil)
        }
    }

    @Test("may lie anywhere in its buffer")
    func readerIndex() throws {
        for skipped in 0...9 {
            var body = ByteBuffer(string: String(repeating: "{", count: skipped) + Self.taken[0] + "}")
            body.moveReaderIndex(forwardBy: skipped)
            body.moveWriterIndex(to: body.writerIndex - 1)
            let plain = try #require(BothWays.plain(body))
            #expect(String(buffer: plain.nonce) == Self.nonce)
            #expect(plain.sender == "ann")
        }
    }

    private static let left: [String] = [
        "", " ", "{", "}", "{}", "[]", "null", "\"\"", "{\"ciphertext\"", "{\"ciphertext\":\"AAAA\"}",
        #"{"nonce":"\#(nonce)"}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","sender":null}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","ttl_ms":0}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","reply_to":"12345678"}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","type":"message"}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","other":"x"}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","Sender":"x"}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","sender":"a","sender":"b"}"#,
        #"{"nonce":"\#(nonce)","ciphertext":"AAAA","nonce":"\#(nonce)"}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","ciphertext":"AAAA"}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","sender":"a\"b"}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","sender":"a\\"}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","sender":"a\u0041"}"#,
        #"{"ciphertext":"AA\/A","nonce":"\#(nonce)"}"#, #"{"ciphertex\u0074":"AAAA","nonce":"\#(nonce)"}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","sender":"é"}"#,
        "{\"ciphertext\":\"AAAA\",\"nonce\":\"\(nonce)\",\"sender\":\"a\u{7f}\"}",
        "{\"ciphertext\":\"AAAA\",\"nonce\":\"\(nonce)\",\"sender\":\"a\u{0}\"}",
        "{\"ciphertext\":\"AAAA\",\"nonce\":\"\(nonce)\",\"sender\":\"a\nb\"}",
        "\u{feff}{\"ciphertext\":\"AAAA\",\"nonce\":\"\(nonce)\"}",
        "{\"ciphertext\":\"AAAA\",\"nonce\":\"\(nonce)\"}\u{0}",
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)"}x"#, #"{"ciphertext":"AAAA","nonce":"\#(nonce)"}{}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)",}"#, #"{"ciphertext":"AAAA""nonce":"\#(nonce)"}"#,
        #"{,"ciphertext":"AAAA","nonce":"\#(nonce)"}"#, #"{"ciphertext":"AAAA","nonce":"\#(nonce)""#,
        #"[{"ciphertext":"AAAA","nonce":"\#(nonce)"}]"#, #"{"ciphertext":["AAAA"],"nonce":"\#(nonce)"}"#,
        #"{"ciphertext":"","nonce":"\#(nonce)"}"#, #"{"ciphertext":"AAA","nonce":"\#(nonce)"}"#,
        #"{"ciphertext":"AB==","nonce":"\#(nonce)"}"#, #"{"ciphertext":"A A=","nonce":"\#(nonce)"}"#,
        #"{"ciphertext":"AAAA","nonce":"AAAA"}"#, #"{"ciphertext":"AAAA","nonce":"\#(nonce)AAAA"}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce.dropLast())="}"#,
        #"{"ciphertext":"AAAA","nonce":"\#(nonce)","sender":"\#(String(repeating: "s", count: 65))"}"#,
    ]

    @Test("and any other, or one with a fault, is left to the general way", arguments: left)
    func leftAlone(text: String) { #expect(BothWays.plain(ByteBuffer(string: text)) == nil) }

    @Test("cut short is left to the general way, wherever it is cut")
    func cut() {
        let bytes = Array(Self.taken[0].utf8)
        for length in bytes.indices { #expect(BothWays.plain(ByteBuffer(bytes: bytes[..<length])) == nil) }
    }

    @Test("with any one byte changed is read the same both ways, at each place of a word of eight")
    func anyByte() {
        for text in [Self.taken[0], Self.taken[1]] {
            let bytes = Array(text.utf8)
            for at in bytes.indices {
                for byte in UInt8.min...UInt8.max {
                    var changed = bytes
                    changed[at] = byte
                    guard let fault = BothWays.fault(ByteBuffer(bytes: changed)) else { continue }
                    Issue.record("byte \(byte) at \(at): \(fault)")
                }
            }
        }
    }

    @Test("heeds the ceiling that is set")
    func ceiling() {
        func body(_ count: Int) -> ByteBuffer {
            let ciphertext = String(repeating: "A", count: count)
            return ByteBuffer(string: #"{"ciphertext":"\#(ciphertext)","nonce":"\#(Self.nonce)"}"#)
        }
        let isTaken = [131_072, 131_076].map { BothWays.plain(body($0)) != nil }
        #expect(isTaken == [true, false])
        var limits = RoomLimits()
        limits.messageBytesMax = 8
        #expect(BothWays.plain(body(8), limits) != nil)
        #expect(BothWays.plain(body(12), limits) == nil)
    }
}

@Suite("A message's JSON, beside what the writer of JSON makes of it")
struct PlainMessageJSONTests {
    private static let labels: [String] = [
        "ann", "a", "", "\"", "\\", "a\"b\\c", "\u{0}\u{1}\u{1f}", "\n\r\t\u{8}\u{c}", "\u{7f}", "é", "🚂🚂",
        "e\u{301}", "\u{2028}\u{2029}", "</script>", String(repeating: "\u{1}", count: 64),
        String(repeating: "🚂", count: 32), String(repeating: "x", count: 64),
    ]

    private func expect(
        _ changes: [String: JSONValue], sender: String, seq: UInt64 = 42, isVerified: Bool = false,
        now: Int64 = 1_700_000_000_123
    ) throws {
        let draft = try MessageDraft.made(changes)
        let message = Message(
            seq: seq, draft: draft, sender: sender, isVerified: isVerified, now: now, uptime: 0)
        let expected = JSONWriter.object {
            $0.field("type", "message")
            $0.field("seq", seq)
            $0.field("id", message.id.text)
            $0.field("sender", sender)
            $0.field("sender_verified", isVerified)
            $0.field("ciphertext", String(buffer: draft.ciphertext))
            $0.field("nonce", String(buffer: draft.nonce))
            $0.field("ts", now)
            if let ttl = draft.ttl {
                $0.key("ttl_ms")
                $0.number(ttl)
            }
            if let replyTo = draft.replyTo { $0.field("reply_to", replyTo) }
        }
        // An expectation would print the whole of a long one.
        if message.json != expected {
            let (one, other) = (String(buffer: message.json), String(buffer: expected))
            Issue.record("\(one.prefix(400)) isn't \(other.prefix(400))")
        }
        let bare = "data: " + String(buffer: expected) + "\n\n"
        let chunked = String(bare.utf8.count, radix: 16) + "\r\n" + bare + "\r\n"
        if String(buffer: message.bareEvent) != bare { Issue.record("the bare event differs") }
        if String(buffer: message.chunkedEvent) != chunked { Issue.record("the chunked event differs") }
        #expect(message.sender == Array(sender.utf8))
    }

    @Test("is the same for any sender", arguments: labels)
    func senders(sender: String) throws {
        try expect([:], sender: sender)
        try expect(
            ["ttl_ms": .number(60_000), "reply_to": .string("12345678")], sender: sender, isVerified: true)
    }

    @Test(
        "is the same at any time and for any number",
        arguments: [
            (0, 0), (1, -1), (9, 10), (.max, .max), (1_000_000, -1_700_000_000_123), (7, .min),
        ] as [(UInt64, Int64)])
    func numbers(seq: UInt64, now: Int64) throws { try expect([:], sender: "ann", seq: seq, now: now) }

    @Test(
        "is the same with any ttl and reply",
        arguments: [30_000, 30_000.5, 31_622_400_000, 60_000.000001, 123_456_789.987654])
    func expiry(ttl: Double) throws {
        for reply in ["12345678", String(repeating: "_", count: 64)] {
            try expect(["ttl_ms": .number(ttl), "reply_to": .string(reply)], sender: "ann")
        }
    }

    @Test(
        "is the same for any length, with the longest of all else",
        arguments: [4, 64, 4_096, 65_536, 131_072])
    func lengths(ciphertext: Int) throws {
        let long = JSONValue.string(String(repeating: "A", count: ciphertext))
        try expect(["ciphertext": long], sender: "ann")
        try expect(
            [
                "ciphertext": long, "ttl_ms": .number(31_622_399_999.987654),
                "reply_to": .string(String(repeating: "r", count: 64)),
            ], sender: String(repeating: "\u{1}", count: 64), seq: .max, isVerified: true, now: .min + 1)
    }

    @Test("is the same of a draft that was read the plain way")
    func ofPlainDraft() throws {
        let body = ByteBuffer(
            string: #"{"ciphertext": "AAAA", "nonce": "\#(MessageDraft.nonceText)", "sender": "ann"}"#)
        let draft = try #require(MessageDraft(plain: body, limits: RoomLimits()))
        let message = Message(seq: 1, draft: draft, sender: "ann", now: 2, uptime: 0)
        #expect(
            String(buffer: message.json)
                == #"{"type":"message","seq":1,"id":"\#(message.id.text)","sender":"ann","sender_verified":false,"#
                + #""ciphertext":"AAAA","nonce":"\#(MessageDraft.nonceText)","ts":2}"#)
    }

    @Test("has an id that is a UUID of version 4 and nobody else's, from several threads at once")
    func ids() async {
        let all = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<4 { group.addTask { (0..<25_000).map { _ in RandomID.make().text } } }
            return await group.reduce(into: [String]()) { $0 += $1 }
        }
        #expect(Set(all).count == 100_000)
        let isRight = all.allSatisfy { text in
            let bytes = Array(text.utf8)
            guard bytes.count == 36, bytes[14] == UInt8(ascii: "4") else { return false }
            guard "89ab".utf8.contains(bytes[19]) else { return false }
            return bytes.enumerated().allSatisfy { at, byte in
                [8, 13, 18, 23].contains(at)
                    ? byte == UInt8(ascii: "-") : "0123456789abcdef".utf8.contains(byte)
            }
        }
        #expect(isRight)
    }
}

/// Bodies that few clients would post. FUZZ_ROUNDS sets how many; `make soak` asks for ten million.
@Suite("Posted messages under fuzzing")
struct PlainMessageFuzzTests {
    private static let rounds =
        ProcessInfo.processInfo.environment["FUZZ_ROUNDS"].flatMap(Int.init) ?? 5_000

    private static let spaces = ["", "", "", " ", "\n", "\t", "\r\n", "  \t"]
    private static let oddSpaces = ["\u{b}", "\u{a0}", "\u{0}", "x", ",", "/**/"]
    private static let oddNames = ["", "Nonce", "ttl_ms", "reply_to", "signed_only", "type", "ciphertexts"]
    private static let oddNonces = [
        "", "AAAA", String(repeating: "A", count: 36), String(repeating: "A", count: 31) + "=",
        String(repeating: "A", count: 64), String(repeating: "A", count: 68), "é", #"\u0041"#,
    ]
    private static let senders = ["", "a", "ann", "Ann O'Hara <3", "a,b:{c}[d]", "12345678", "1234567"]
    private static let oddSenders = [
        "é", "🚂", "a\u{7f}", "a\u{0}", "a\nb", #"a\"b"#, #"a\\"#, #"\ud83d\ude82"#, #"\ud83d"#, #"\x"#,
    ]
    private static let oddValues = ["null", "0", "1e5", "true", "[]", "{}", "\"\"", "60000", "AAAA", ""]

    private static func base64(_ dice: inout SeededGenerator, _ length: Int) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
        var text = ""
        for _ in 0..<length { text.append(digits.randomElement(using: &dice) ?? "A") }
        return text
    }

    private static func space(_ dice: inout SeededGenerator) -> String {
        (dice.chance(1, in: 200) ? oddSpaces : spaces).randomElement(using: &dice) ?? ""
    }

    private static func value(of name: String, _ dice: inout SeededGenerator) -> String {
        if dice.chance(1, in: 30) { return oddValues.randomElement(using: &dice) ?? "" }
        let isOdd = dice.chance(1, in: 20)
        let text: String
        switch name {
        case "ciphertext":
            let digits = base64(&dice, 4 * Int.random(in: 1...20, using: &dice))
            let ends = ["AA==", "AAA=", "AB==", "A===", "=", "A", "é"]
            text = digits + (isOdd ? ends.randomElement(using: &dice) ?? "" : "")
        case "nonce": text = isOdd ? oddNonces.randomElement(using: &dice) ?? "" : base64(&dice, 32)
        default:
            if isOdd {
                text = oddSenders.randomElement(using: &dice) ?? ""
            } else if dice.chance(1, in: 4) {
                text = String(repeating: "s", count: Int.random(in: 60...68, using: &dice))
            } else {
                text = senders.randomElement(using: &dice) ?? ""
            }
        }
        return "\"" + text + "\""
    }

    private static func body(_ dice: inout SeededGenerator) -> [UInt8] {
        var names = ["ciphertext", "nonce"]
        if dice.chance(2, in: 3) { names.append("sender") }
        if dice.chance(1, in: 30) { names.append(names.randomElement(using: &dice) ?? "") }
        if dice.chance(1, in: 30) { names.append(oddNames.randomElement(using: &dice) ?? "") }
        if dice.chance(1, in: 30) { names.removeFirst() }
        names.shuffle(using: &dice)
        var text = dice.chance(1, in: 40) ? "\u{feff}" : ""
        text += space(&dice) + "{"
        for (index, name) in names.enumerated() {
            if index > 0 { text += space(&dice) + "," }
            text += space(&dice) + "\"\(name)\"" + space(&dice)
            text += ":" + space(&dice)
            text += value(of: name, &dice) + space(&dice)
        }
        text += "}" + space(&dice)
        if dice.chance(1, in: 40) {
            text += ["x", "}", "{}", "\u{0}", ","].randomElement(using: &dice) ?? ""
        }
        return Array(text.utf8)
    }

    private static let telling = Array("\"\\{}:,= \n/A".utf8) + [0x00, 0x1f, 0x7f, 0x80, 0xa0, 0xc3, 0xff]

    private static func mutate(_ bytes: inout [UInt8], _ dice: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...3, using: &dice) where !bytes.isEmpty {
            let at = Int.random(in: bytes.indices, using: &dice)
            let byte =
                dice.chance(1, in: 2)
                ? UInt8.random(in: 0...255, using: &dice) : telling.randomElement(using: &dice) ?? 0
            switch Int.random(in: 0..<4, using: &dice) {
            case 0: bytes.remove(at: at)
            case 1: bytes.insert(byte, at: at)
            case 2: bytes.removeSubrange(at..<min(bytes.count, at + 9))
            default: bytes[at] = byte
            }
        }
    }

    @Test("what is read the plain way, the general way reads the same")
    func sameAsGeneral() async {
        var taken = 0
        for round in 0..<Self.rounds {
            // Other tests wait for the clock on the same few threads.
            if round % 64 == 0 { await Task.yield() }
            var dice = SeededGenerator(seed: round)
            var bytes = Self.body(&dice)
            if dice.chance(1, in: 3) { Self.mutate(&bytes, &dice) }
            let body = ByteBuffer(bytes: bytes)
            var limits = RoomLimits()
            if dice.chance(1, in: 4) { limits.messageBytesMax = Int.random(in: 0...80, using: &dice) }
            if BothWays.plain(body, limits) != nil { taken += 1 }
            guard let fault = BothWays.fault(body, limits) else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            Issue.record("round \(round): \(fault): \(text.debugDescription)")
        }
        #expect(taken > Self.rounds / 10, "hardly a body was plain: nothing was tested")
    }
}
