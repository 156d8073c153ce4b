import NIOCore
import Web

/// Something on its way to every live subscriber of a room, encoded once for each wire form.
final class Broadcast: Sendable {
    /// The forms in which a subscriber may get it.
    enum Wire: Int {
        /// An event in a chunk of HTTP/1.1.
        case chunkedEvent
        /// An event to a client that knows no chunks.
        case bareEvent
        /// A WebSocket text frame.
        case socket
    }

    /// A message's number; 0 for what isn't a message and has no place in the order.
    let seq: UInt64
    /// Uptime in ns at which a message was accepted.
    let acceptedUptime: UInt64
    let chunkedEvent: ByteBuffer
    let bareEvent: ByteBuffer
    /// Empty when no socket was in the room.
    let socketFrame: ByteBuffer

    init(_ message: Message, hasSockets: Bool) {
        seq = message.seq
        acceptedUptime = message.acceptedUptime
        chunkedEvent = message.chunkedEvent
        bareEvent = message.bareEvent
        socketFrame = hasSockets ? WebSocketFraming.text(message.json) : ByteBuffer()
    }

    /// An event other than a message: presence, rename, locked.
    init(event json: ByteBuffer) {
        seq = 0
        acceptedUptime = 0
        chunkedEvent = EventFraming.data(json, chunked: true)
        bareEvent = EventFraming.data(json, chunked: false)
        socketFrame = WebSocketFraming.text(json)
    }

    subscript(_ wire: Wire) -> ByteBuffer {
        switch wire {
        case .chunkedEvent: chunkedEvent
        case .bareEvent: bareEvent
        case .socket: socketFrame
        }
    }
}
