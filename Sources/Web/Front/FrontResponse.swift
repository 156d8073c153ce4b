public import NIOCore
public import NIOHTTP1

/// A response as it goes out: what the front handler frames and counts.
public struct FrontResponse: Sendable {
    public var status: HTTPResponseStatus
    public var headers: [(name: String, value: String)]
    public var body: ByteBuffer
    /// Whether it may be sent compressed: the same for everybody who may see it, and nothing in it that a
    /// stranger could guess at by lengths.
    public var isCompressible = false

    public init(
        status: HTTPResponseStatus = .ok, headers: [(name: String, value: String)] = [],
        body: ByteBuffer = ByteBuffer()
    ) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The same, which may be sent compressed.
    public var compressible: FrontResponse {
        var response = self
        response.isCompressible = true
        return response
    }

    /// A JSON response.
    public static func json(
        _ body: ByteBuffer, status: HTTPResponseStatus = .ok, headers: [(name: String, value: String)] = []
    ) -> FrontResponse {
        FrontResponse(status: status, headers: [jsonType] + headers, body: body)
    }

    /// A refusal: the JSON error body, and for 429 and 503 when to come back.
    public static func refusal(
        _ status: HTTPResponseStatus, _ error: ErrorBody, retryAfter seconds: Int? = nil,
        headers: [(name: String, value: String)] = []
    ) -> FrontResponse {
        let retry = seconds.map { [(name: "Retry-After", value: String($0))] } ?? []
        return json(error.json, status: status, headers: headers + retry)
    }

    /// The whole response as bytes for HTTP/1.1 connections that stay open: laid out once, sent to many.
    public func keptAliveBytes(date: String) -> ByteBuffer {
        var bytes = ByteBuffer()
        ResponseBytes.encode(self, date: date, keepAlive: true, omitBody: false, into: &bytes)
        return bytes
    }

    private static let jsonType = (name: "Content-Type", value: "application/json; charset=utf-8")
}

/// Lays responses out as bytes: status line, security headers, framing, body.
enum ResponseBytes {
    /// - Parameters:
    ///   - date: the Date header's value.
    ///   - omitBody: for HEAD; the length stays.
    static func encode(
        _ response: FrontResponse, date: String, keepAlive: Bool, omitBody: Bool,
        into buffer: inout ByteBuffer
    ) {
        buffer.reserveCapacity(minimumWritableBytes: 640 + (omitBody ? 0 : response.body.readableBytes))
        head(response.status, date: date, into: &buffer)
        for header in response.headers { buffer.writeHeader(header.name, header.value) }
        if response.status.mayHaveResponseBody {
            buffer.writeStaticString("Content-Length: ")
            buffer.writeString(String(response.body.readableBytes))
            buffer.writeStaticString("\r\n")
        }
        buffer.writeStaticString(
            keepAlive
                ? "Connection: keep-alive\r\nKeep-Alive: timeout=120\r\n\r\n" : "Connection: close\r\n\r\n")
        if !omitBody { buffer.writeImmutableBuffer(response.body) }
    }

    /// Status line, Date and security headers; more headers may follow.
    static func head(_ status: HTTPResponseStatus, date: String, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(status.code))
        buffer.writeStaticString(" ")
        buffer.writeString(status.reasonPhrase)
        buffer.writeStaticString("\r\nDate: ")
        buffer.writeString(date)
        buffer.writeStaticString("\r\n")
        buffer.writeBytes(SecurityHeaders.block)
    }
}

extension ByteBuffer {
    /// Writes one header line. A line break in a value would start a header of somebody else's choosing.
    mutating func writeHeader(_ name: String, _ value: String) {
        guard !value.utf8.contains(where: { $0 == 0x0d || $0 == 0x0a || $0 == 0 }) else { return }
        writeString(name)
        writeStaticString(": ")
        writeString(value)
        writeStaticString("\r\n")
    }
}

extension HTTPResponseStatus {
    /// Whether RFC 9110 lets a response of this status have a body.
    var mayHaveResponseBody: Bool { code >= 200 && code != 204 && code != 304 }
}
