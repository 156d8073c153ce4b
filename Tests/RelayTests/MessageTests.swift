import NIOCore
import Testing
import Web
@testable import Relay

@Suite("A message's wire forms")
struct MessageTests {
    private func message(_ changes: [String: JSONValue] = [:]) throws -> Message {
        Message(seq: 42, draft: try .made(changes), sender: "ann", now: 1_700_000_000_123, uptime: 0)
    }

    @Test("have the original's members in its order")
    func order() throws {
        let message = try message(["ttl_ms": .number(60_000), "reply_to": .string("12345678")])
        #expect(
            String(buffer: message.json)
                == #"{"type":"message","seq":42,"id":"\#(message.id.text)","sender":"ann","sender_verified":false,"#
                + #""ciphertext":"AAAA","nonce":"\#(MessageDraft.nonceText)","ts":1700000000123,"#
                + #""ttl_ms":60000,"reply_to":"12345678"}"#
        )
    }

    @Test("leave out what the message doesn't have")
    func optionalMembers() throws {
        let json = String(buffer: try message().json)
        #expect(!json.contains("ttl_ms"))
        #expect(!json.contains("reply_to"))
        #expect(!json.contains("_bytes"))
        #expect(json.hasSuffix("\"ts\":1700000000123}"))
    }

    @Test("on pages have no type")
    func untyped() throws {
        let message = try message()
        var page = ByteBuffer(string: "[")
        message.writeUntyped(to: &page)
        #expect(String(buffer: page).hasPrefix("[{\"seq\":42,\"id\":"))
        let typed = try JSONParser.parse(message.json)
        page.moveReaderIndex(forwardBy: 1)
        guard case .object(var members) = typed else { return #expect(Bool(false), "no object") }
        members["type"] = nil
        #expect(try JSONParser.parse(page) == .object(members))
    }

    @Test(
        "as an event are a chunk that says its length rightly", arguments: [4, 400, 4_000, 65_536, 131_072])
    func chunk(ciphertext: Int) throws {
        let message = Message(seq: 1, draft: try .sized(ciphertext), sender: "ann", now: 1, uptime: 0)
        let bare = String(buffer: message.bareEvent)
        #expect(bare == "data: \(String(buffer: message.json))\n\n")
        #expect(
            String(buffer: message.chunkedEvent) == String(bare.utf8.count, radix: 16) + "\r\n" + bare
                + "\r\n")
    }

    @Test("escape what a sender's name may hold")
    func escaping() throws {
        let name = "\"\\\n<script>🚂"
        let message = Message(seq: 1, draft: try .made(), sender: name, now: 1, uptime: 0)
        #expect(try JSONParser.parse(message.json)["sender"]?.string == name)
        #expect(!String(buffer: message.bareEvent).dropLast(2).contains("\n"))
    }

    @Test("share one encoding: the JSON is a slice of the event")
    func shared() throws {
        let message = try message()
        let whole = message.chunkedEvent.withVeryUnsafeBytes { $0.baseAddress }
        #expect(message.json.withVeryUnsafeBytes { $0.baseAddress } == whole)
        #expect(message.bareEvent.withVeryUnsafeBytes { $0.baseAddress } == whole)
    }

    @Test("carry an id of their own, a random UUID")
    func ids() throws {
        let ids = try (0..<2_000).map { _ in try message().id }
        #expect(Set(ids).count == ids.count)
        let pattern = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
        #expect(ids.allSatisfy { $0.text.wholeMatch(of: pattern) != nil })
    }

    @Test("a fractional ttl is kept as sent and expires on the whole millisecond before")
    func fractionalTTL() throws {
        let message = try message(["ttl_ms": .number(30_000.75)])
        #expect(try JSONParser.parse(message.json)["ttl_ms"] == .number(30_000.75))
        #expect(message.expiresAt == 1_700_000_030_123)
    }
}
