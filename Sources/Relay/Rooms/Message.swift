import NIOCore
import Web

/// One relayed message. Encoded once: its JSON is a slice of its event-stream frame.
final class Message: Sendable {
    let seq: UInt64
    let id: String
    /// The sender's label as bytes: compared for every claim, and never as characters, which is slow.
    let sender: [UInt8]
    /// Unix ms at which it was accepted.
    let acceptedAt: Int64
    /// Unix ms after which it is gone; nil when it has no ttl of its own.
    let expiresAt: Int64?
    /// What it is charged with against the memory fuse.
    let chargedBytes: Int
    /// Uptime in ns at which it was accepted, for the delivery lag.
    let acceptedUptime: UInt64
    /// `data: {…}` in a chunk of HTTP/1.1.
    let chunkedEvent: ByteBuffer
    /// `data: {…}` bare.
    let bareEvent: ByteBuffer
    /// The envelope with its `type`.
    let json: ByteBuffer

    private static let typePrefix: StaticString = "{\"type\":\"message\","
    /// Room for a chunk's length in hex and its line end, filled in from the right.
    private static let chunkHeadBytes = 10

    /// - Parameter isVerified: the sender proved to be the handle that the label names.
    init(
        seq: UInt64, draft: MessageDraft, sender: String, isVerified: Bool = false, now: Int64, uptime: UInt64
    ) {
        self.seq = seq
        self.sender = Array(sender.utf8)
        let id = RandomID.make()
        self.id = id
        acceptedAt = now
        acceptedUptime = uptime
        expiresAt = draft.ttl.map { now &+ Int64($0.rounded(.down)) }
        chargedBytes = draft.chargedBytes

        var writer = JSONWriter(capacity: draft.ciphertext.utf8.count + 384)
        writer.object {
            $0.field("type", "message")
            $0.field("seq", seq)
            $0.field("id", id)
            $0.field("sender", sender)
            $0.field("sender_verified", isVerified)
            $0.field("ciphertext", draft.ciphertext)
            $0.field("nonce", draft.nonce)
            $0.field("ts", now)
            if let ttl = draft.ttl {
                $0.key("ttl_ms")
                $0.number(ttl)
            }
            if let replyTo = draft.replyTo { $0.field("reply_to", replyTo) }
        }
        let envelope = writer.buffer
        let head = Self.chunkHeadBytes
        var frame = ByteBufferAllocator().buffer(capacity: head + envelope.readableBytes + 10)
        frame.moveWriterIndex(to: head)
        frame.writeStaticString("data: ")
        let jsonStart = frame.writerIndex
        frame.writeImmutableBuffer(envelope)
        let jsonEnd = frame.writerIndex
        frame.writeStaticString("\n\n\r\n")
        let length = String(jsonEnd + 2 - head, radix: 16) + "\r\n"
        let chunkStart = head - length.utf8.count
        frame.setString(length, at: chunkStart)

        func slice(_ start: Int, _ end: Int) -> ByteBuffer {
            var part = frame
            part.moveWriterIndex(to: end)
            part.moveReaderIndex(to: start)
            return part
        }
        chunkedEvent = slice(chunkStart, frame.writerIndex)
        bareEvent = slice(head, jsonEnd + 2)
        json = slice(jsonStart, jsonEnd)
    }

    /// The envelope without `type`, as pages have it; appended to `buffer`.
    func writeUntyped(to buffer: inout ByteBuffer) {
        buffer.writeStaticString("{")
        var rest = json
        rest.moveReaderIndex(forwardBy: Self.typePrefix.utf8CodeUnitCount)
        buffer.writeImmutableBuffer(rest)
    }
}
