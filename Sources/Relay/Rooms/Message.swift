import NIOCore
import Web

/// One relayed message. Encoded once: its JSON is a slice of its event-stream frame.
final class Message: Sendable {
    let seq: UInt64
    let id: RandomID
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
    /// What an envelope takes but for its texts: names, numbers of 20 digits, the id.
    private static let fixedBytes = 320

    /// - Parameter isVerified: the sender proved to be the handle that the label names.
    init(
        seq: UInt64, draft: MessageDraft, sender: String, isVerified: Bool = false, now: Int64, uptime: UInt64
    ) {
        self.seq = seq
        let label = Array(sender.utf8)
        self.sender = label
        let id = RandomID.make()
        self.id = id
        acceptedAt = now
        acceptedUptime = uptime
        expiresAt = draft.ttl.map { now &+ Int64($0.rounded(.down)) }
        chargedBytes = draft.chargedBytes

        let escaped = JSONWriter.isPlain(label) ? nil : JSONWriter.text(sender)
        let ttl = draft.ttl.map(JavaScriptNumber.text)
        let capacity =
            Self.fixedBytes + draft.ciphertext.readableBytes + draft.nonce.readableBytes
            + (escaped?.readableBytes ?? label.count) + (ttl?.utf8.count ?? 0)
            + (draft.replyTo?.utf8.count ?? 0)
        let head = Self.chunkHeadBytes
        var frame = ByteBufferAllocator().buffer(capacity: head + capacity)
        frame.moveWriterIndex(to: head)
        frame.writeText(capacity: capacity) { text in
            text.put("data: ")
            text.put(Self.typePrefix)
            text.put("\"seq\":")
            text.put(seq)
            text.put(",\"id\":\"")
            text.put(id)
            text.put("\",\"sender\":")
            if let escaped {
                text.put(escaped)
            } else {
                text.put("\"")
                label.withUnsafeBytes { text.put($0) }
                text.put("\"")
            }
            text.put(isVerified ? ",\"sender_verified\":true" : ",\"sender_verified\":false")
            // Canonical base64 has nothing to escape.
            text.put(",\"ciphertext\":\"")
            text.put(draft.ciphertext)
            text.put("\",\"nonce\":\"")
            text.put(draft.nonce)
            text.put("\",\"ts\":")
            if now < 0 { text.put("-") }
            text.put(now.magnitude)
            if let ttl {
                text.put(",\"ttl_ms\":")
                text.put(ttl)
            }
            if let replyTo = draft.replyTo {
                text.put(",\"reply_to\":\"")
                text.put(replyTo)
                text.put("\"")
            }
            text.put("}\n\n\r\n")
        }
        let end = frame.writerIndex
        let jsonStart = head + 6
        let jsonEnd = end - 4
        let length = String(jsonEnd + 2 - head, radix: 16) + "\r\n"
        let chunkStart = head - length.utf8.count
        frame.setString(length, at: chunkStart)

        func slice(_ start: Int, _ end: Int) -> ByteBuffer {
            var part = frame
            part.moveWriterIndex(to: end)
            part.moveReaderIndex(to: start)
            return part
        }
        chunkedEvent = slice(chunkStart, end)
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
