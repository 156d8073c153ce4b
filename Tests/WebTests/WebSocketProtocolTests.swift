import NIOCore
import NIOConcurrencyHelpers
import SignalboxMetrics
import Testing
import TestSupport
import Web

@Suite("The WebSocket protocol")
struct WebSocketProtocolTests {
    /// Sends back what it gets.
    private final class Echo: ConnectionStream {
        let connection: FrontHandler
        let reasons: NIOLockedValueBox<[DisconnectReason]>

        init(_ connection: FrontHandler, _ reasons: NIOLockedValueBox<[DisconnectReason]>) {
            self.connection = connection
            self.reasons = reasons
        }
        func started() {}
        func becameWritable() {}
        func received(_ payload: ByteBuffer) {
            connection.write(WebSocketFraming.text(payload))
            connection.flush()
        }
        func deadlineReached() {}
        func shutDown() { connection.closeStream(.shutdown) }
        func closed(_ reason: DisconnectReason) { reasons.withLockedValue { $0.append(reason) } }
    }

    private func withSocket<T>(
        _ body: (LoopbackClient, NIOLockedValueBox<[DisconnectReason]>) async throws -> T
    ) async throws -> T {
        let reasons = NIOLockedValueBox<[DisconnectReason]>([])
        let hot = StubHot { request, connection in
            guard request.route == .roomSocket else { return false }
            connection.startWebSocket(request, maxFrameBytes: 2_000) { Echo($0, reasons) }
            return true
        }
        return try await LoopbackServer.run(hot: hot) { server in
            let client = try await server.connect()
            let reply = try await client.openSocket("/api/rooms/room/ws")
            #expect(reply.status == 101)
            // RFC 6455 §1.3: made from the key that the client sent.
            #expect(reply["sec-websocket-accept"] == "ICX+Yqv66kxgM0FcWaLWlFLwTAI=")
            return try await body(client, reasons)
        }
    }

    /// A frame as a client sends it, masked with zeros unless told otherwise.
    private func frame(_ first: UInt8, _ payload: [UInt8], masked: Bool = true) -> [UInt8] {
        let mask: UInt8 = masked ? 0x80 : 0
        let length: [UInt8] =
            payload.count < 126
            ? [mask | UInt8(payload.count)]
            : [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)]
        return [first] + length + (masked ? [0, 0, 0, 0] : []) + payload
    }

    /// The code of the close frame that comes next.
    private func closeCode(_ client: LoopbackClient) async throws -> UInt16 {
        try await client.next("a close frame") { bytes, _ in
            guard bytes.readableBytes >= 4, bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == 0x88
            else { return nil }
            return bytes.getInteger(at: bytes.readerIndex + 2)
        }
    }

    @Test("a message is received whole, in one frame or in fragments with a ping between")
    func fragments() async throws {
        try await withSocket { client, _ in
            try await client.send(frame(0x81, Array("one".utf8)))
            #expect(try await client.frame() == .init(opcode: 1, payload: "one"))
            try await client.send(
                frame(0x01, Array("t".utf8)) + frame(0x89, Array("p".utf8)) + frame(0x00, Array("w".utf8))
                    + frame(0x80, Array("o".utf8)))
            #expect(try await client.frame() == .init(opcode: 10, payload: "p"))
            #expect(try await client.frame() == .init(opcode: 1, payload: "two"))
        }
    }

    private static let broken: [(what: String, bytes: [UInt8], code: UInt16)] = [
        ("a frame without a mask", [0x81, 1, 0x61], 1002),
        ("a reserved bit", [0xc1, 0x81, 0, 0, 0, 0, 0x61], 1002),
        ("an unknown opcode", [0x83, 0x80, 0, 0, 0, 0], 1002),
        ("a continuation of nothing", [0x80, 0x81, 0, 0, 0, 0, 0x61], 1002),
        (
            "a new message inside of another", [0x01, 0x81, 0, 0, 0, 0, 0x61, 0x81, 0x81, 0, 0, 0, 0, 0x61],
            1002
        ),
        ("text that isn't UTF-8", [0x81, 0x81, 0, 0, 0, 0, 0xff], 1007),
        ("a frame that is too long", [0x81, 0xfe, 0x07, 0xd1, 0, 0, 0, 0], 1009),
        ("a fragmented control frame", [0x09, 0x80, 0, 0, 0, 0], 1002),
        ("a close frame with one byte", [0x88, 0x81, 0, 0, 0, 0, 0x03], 1002),
        ("a close frame with a code nobody may send", [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed], 1002),
    ]

    @Test("what breaks it is answered with its close code", arguments: broken.indices)
    func brokenFrames(index: Int) async throws {
        let (what, bytes, code) = Self.broken[index]
        try await withSocket { client, reasons in
            try await client.send(bytes)
            #expect(try await closeCode(client) == code, "\(what)")
            #expect(try await eventually { reasons.withLockedValue(\.count) == 1 })
        }
    }

    @Test("fragments that add up to more than the ceiling end the connection with 1009")
    func longFragments() async throws {
        try await withSocket { client, _ in
            let part = [UInt8](repeating: 0x61, count: 1_500)
            try await client.send(frame(0x01, part) + frame(0x80, part))
            #expect(try await closeCode(client) == 1009)
        }
    }

    @Test("a close is answered with its own code, and the stream told once")
    func close() async throws {
        try await withSocket { client, reasons in
            try await client.send(frame(0x88, [0x03, 0xe8]))
            #expect(try await client.frame().opcode == 8)
            #expect(try await client.rest().isEmpty)
            #expect(try await eventually { reasons.withLockedValue { $0 } == [.client] })
        }
    }

    @Test("a handshake without a key is refused with 400")
    func badHandshake() async throws {
        let hot = StubHot { request, connection in
            connection.startWebSocket(request, maxFrameBytes: 2_000) { _ in nil }
            return true
        }
        try await LoopbackServer.run(hot: hot) { server in
            let reply = try await server.connect().ask(
                "GET /api/rooms/room/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
            )
            #expect(reply.status == 400)
            #expect(try reply.json()["reason"]?.string == "bad_handshake")
        }
    }
}
