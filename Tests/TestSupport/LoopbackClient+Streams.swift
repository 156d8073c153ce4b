import NIOCore

extension LoopbackClient {
    /// The data of the next server-sent event of a chunked stream; comments and `retry:` are skipped.
    public func event() async throws -> String {
        try await next("an event") { bytes, _ in
            while let text = Self.takeChunk(from: &bytes) {
                if let data = text.split(separator: "\n").first(where: { $0.hasPrefix("data: ") }) {
                    return String(data.dropFirst(6))
                }
            }
            return nil
        }
    }

    /// Takes one chunk off the bytes, which the server makes of one event; nil while it isn't whole.
    private static func takeChunk(from bytes: inout ByteBuffer) -> String? {
        var rest = bytes
        guard let end = rest.readableBytesView.firstRange(of: "\r\n".utf8),
            let line = rest.readString(length: end.lowerBound - rest.readerIndex),
            let length = Int(line, radix: 16), rest.readableBytes >= length + 4
        else { return nil }
        rest.moveReaderIndex(forwardBy: 2)
        let text = rest.readString(length: length)
        guard rest.readString(length: 2) == "\r\n" else { return nil }
        bytes = rest
        return text
    }

    /// Asks for an event stream and waits for its head.
    public func openEvents(_ path: String) async throws -> HTTPReply {
        try await send("GET \(path) HTTP/1.1\r\nHost: relay\r\nAccept: text/event-stream\r\n\r\n")
        return try await head()
    }

    /// Asks for a WebSocket and waits for the handshake's answer.
    public func openSocket(_ path: String) async throws -> HTTPReply {
        try await send(
            "GET \(path) HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        return try await head()
    }

    /// A response's head, whatever its framing.
    private func head() async throws -> HTTPReply {
        try await next("a response's head") { bytes, _ in try HTTPReply.take(from: &bytes, hasBody: false) }
    }

    /// One frame as the server sent it.
    public struct Frame: Sendable, Equatable {
        public let opcode: UInt8
        public let payload: String

        public init(opcode: UInt8, payload: String) {
            self.opcode = opcode
            self.payload = payload
        }
    }

    /// The next WebSocket frame.
    public func frame() async throws -> Frame {
        try await next("a frame") { bytes, _ in
            var rest = bytes
            guard let first = rest.readInteger(as: UInt8.self), let second = rest.readInteger(as: UInt8.self)
            else { return nil }
            let length: Int? =
                switch second & 0x7f {
                case 126: rest.readInteger(as: UInt16.self).map { Int($0) }
                case 127: rest.readInteger(as: UInt64.self).map { Int($0) }
                case let short: Int(short)
                }
            guard let length, let payload = rest.readString(length: length) else { return nil }
            bytes = rest
            return Frame(opcode: first & 0x0f, payload: payload)
        }
    }

    /// The next message of a WebSocket. Pings in between, which a slow machine gets, are answered.
    public func message() async throws -> String {
        while true {
            let frame = try await frame()
            switch frame.opcode {
            case 1: return frame.payload
            case 9: try await send([0x8a, 0x80, 0, 0, 0, 0])
            default: continue
            }
        }
    }
}
