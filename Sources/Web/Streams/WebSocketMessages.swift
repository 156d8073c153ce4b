public import NIOCore
import NIOWebSocket
import SignalboxMetrics

/// Puts frames together to messages, answers pings, and holds the peer to RFC 6455.
final class WebSocketMessages: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame

    private let stream: any ConnectionStream
    // The pipeline holds both handlers and lets go of both at once.
    private unowned let connection: FrontHandler
    private let maxBytes: Int
    private var fragments: ByteBuffer?
    private var fragmentsAreText = false
    private var isClosing = false

    init(stream: any ConnectionStream, connection: FrontHandler, maxBytes: Int) {
        self.stream = stream
        self.connection = connection
        self.maxBytes = maxBytes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing, connection.isWebSocket else { return }
        let frame = unwrapInboundIn(data)
        // §5.1: a client that doesn't mask, §5.2: bits of an extension nobody asked for.
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return fail(1002)
        }
        let payload = frame.unmaskedData
        switch frame.opcode {
        case .text, .binary:
            guard fragments == nil else { return fail(1002) }
            if frame.fin {
                message(payload, isText: frame.opcode == .text)
            } else {
                fragments = payload
                fragmentsAreText = frame.opcode == .text
            }
        case .continuation:
            guard var whole = fragments else { return fail(1002) }
            fragments = nil
            guard whole.readableBytes + payload.readableBytes <= maxBytes else { return fail(1009) }
            whole.writeImmutableBuffer(payload)
            if frame.fin { message(whole, isText: fragmentsAreText) } else { fragments = whole }
        case .ping:
            // A peer that doesn't read its pongs gets none, or a flood of pings would fill our memory.
            guard connection.isWritable else { return }
            connection.write(WebSocketFraming.control(.pong, payload))
            connection.flush()
        case .pong: stream.received(ByteBuffer())
        case .connectionClose: answerClose(payload)
        default: fail(1002)
        }
    }

    private func message(_ payload: ByteBuffer, isText: Bool) {
        if isText, payload.readableBytes > 0, !WebSocketFraming.isUTF8(payload) { return fail(1007) }
        stream.received(payload)
    }

    private func answerClose(_ payload: ByteBuffer) {
        var payload = payload
        isClosing = true
        // A payload of one byte holds no code, §5.5.1.
        let code = payload.readableBytes == 1 ? 0 : payload.readInteger(as: UInt16.self)
        let isGood = code.map {
            (1000...1003).contains($0) || (1007...1011).contains($0) || (3000...4999).contains($0)
        }
        connection.write(WebSocketFraming.close(isGood == false ? 1002 : code ?? 1000))
        connection.closeStream(.client)
    }

    private func fail(_ code: UInt16) {
        isClosing = true
        connection.write(WebSocketFraming.close(code))
        connection.closeStream(.protocol)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isClosing else { return }
        switch error as? NIOWebSocketError {
        case .invalidFrameLength: fail(1009)
        case .some: fail(1002)
        case nil:
            isClosing = true
            connection.abortStream(.client)
        }
    }
}

/// Frames a server sends: never masked, so one buffer serves every subscriber.
public enum WebSocketFraming {
    /// One text message.
    public static func text(_ payload: ByteBuffer) -> ByteBuffer { frame(0x81, payload) }

    static func control(_ opcode: WebSocketOpcode, _ payload: ByteBuffer) -> ByteBuffer {
        frame(0x80 | UInt8(webSocketOpcode: opcode), payload)
    }

    /// A ping without payload.
    public static let ping = control(.ping, ByteBuffer())

    /// A close frame with a status code of RFC 6455 §7.4.
    public static func close(_ code: UInt16) -> ByteBuffer {
        control(.connectionClose, ByteBuffer(integer: code))
    }

    private static func frame(_ first: UInt8, _ payload: ByteBuffer) -> ByteBuffer {
        var frame = ByteBufferAllocator().buffer(capacity: payload.readableBytes + 10)
        frame.writeInteger(first)
        switch payload.readableBytes {
        case ...125: frame.writeInteger(UInt8(payload.readableBytes))
        case ...65_535:
            frame.writeInteger(UInt8(126))
            frame.writeInteger(UInt16(payload.readableBytes))
        default:
            frame.writeInteger(UInt8(127))
            frame.writeInteger(UInt64(payload.readableBytes))
        }
        frame.writeImmutableBuffer(payload)
        return frame
    }

    static func isUTF8(_ payload: ByteBuffer) -> Bool {
        payload.withUnsafeReadableBytes { String(validating: $0, as: UTF8.self) != nil }
    }
}
