import Foundation
import NIOCore
import NIOWebSocket

/// Receives a room over a WebSocket, after saying hello with a name.
struct WebSocketReader: Subscription {
    let address: RelayAddress
    let room: DemoRoom
    let name: String

    func listen(after seq: Int, receive: @escaping @Sendable (Envelope) throws -> Void) async throws {
        let channel = try await WebSocketUpgrade.open(
            address, route: room.route("ws?after=\(seq)"), visitor: ReadingTransport.webSocket.visitor
        ) { channel in
            try NIOAsyncChannel<WebSocketFrame, WebSocketFrame>(wrappingChannelSynchronously: channel)
        }
        do {
            try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(.masked(.text, #"{"type":"hello","name":"\#(name)"}"#.utf8))
                for try await frame in inbound {
                    switch frame.opcode {
                    case .text:
                        let envelope = try Envelope(json: Data(frame.unmaskedData.readableBytesView))
                        if let refusal = envelope.refusal { throw refusal }
                        try receive(envelope)
                    case .ping:
                        try await outbound.write(.masked(.pong, frame.unmaskedData.readableBytesView))
                    case .connectionClose:
                        try await outbound.write(
                            .masked(.connectionClose, frame.unmaskedData.readableBytesView))
                        return
                    default:
                        break
                    }
                }
            }
        } catch let error where !(error is RelayError || error is CancellationError) {
            throw RelayError.lost("\(error)")
        }
    }
}

extension WebSocketFrame {
    /// A whole frame as a client must send it.
    static func masked(_ opcode: WebSocketOpcode, _ bytes: some Sequence<UInt8>) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: ByteBuffer(bytes: bytes))
    }
}
