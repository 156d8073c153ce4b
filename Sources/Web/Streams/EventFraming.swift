public import NIOCore

/// Server-sent events as bytes, in chunks of HTTP/1.1 or bare for HTTP/1.0.
public enum EventFraming {
    /// One event with a single line of data.
    public static func data(_ json: ByteBuffer, chunked: Bool) -> ByteBuffer {
        var frame = ByteBufferAllocator().buffer(capacity: json.readableBytes + 24)
        let length = 6 + json.readableBytes + 2
        if chunked {
            frame.writeString(String(length, radix: 16))
            frame.writeStaticString("\r\n")
        }
        frame.writeStaticString("data: ")
        frame.writeImmutableBuffer(json)
        frame.writeStaticString("\n\n")
        if chunked { frame.writeStaticString("\r\n") }
        return frame
    }

    /// Bare text: comments, `retry:`.
    public static func text(_ text: String, chunked: Bool) -> ByteBuffer {
        chunked
            ? ByteBuffer(string: String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n")
            : ByteBuffer(string: text)
    }

    private static let keepaliveChunked = text(": keepalive\n\n", chunked: true)
    private static let keepaliveBare = text(": keepalive\n\n", chunked: false)

    /// The comment that keeps proxies from closing a quiet stream.
    public static func keepalive(chunked: Bool) -> ByteBuffer { chunked ? keepaliveChunked : keepaliveBare }

    /// What ends a stream; nothing where the connection's end says it.
    public static func end(chunked: Bool) -> ByteBuffer {
        chunked ? ByteBuffer(staticString: "0\r\n\r\n") : ByteBuffer()
    }
}
