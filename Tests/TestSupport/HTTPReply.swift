import NIOCore

/// A response as it came over the wire.
public struct HTTPReply: Sendable {
    public let status: Int
    /// Names in lower case, in the order they came.
    public let headers: [(name: String, value: String)]
    public let body: String

    /// The first value of a header.
    public subscript(name: String) -> String? { headers.first { $0.name == name }?.value }

    /// Takes one response off the front of `bytes`; nil while it isn't whole.
    /// - Parameter hasBody: false for the answer to a HEAD, whose length is told but not sent.
    static func take(from bytes: inout ByteBuffer, hasBody: Bool) throws -> HTTPReply? {
        let view = bytes.readableBytesView
        guard let end = view.firstRange(of: "\r\n\r\n".utf8) else { return nil }
        let lines = String(decoding: view[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first,
            let status = first.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw MalformedReply(text: String(buffer: bytes)) }
        let headers = lines.dropFirst().map { line in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            return (
                name: line[..<colon].lowercased(),
                value: line[colon...].dropFirst().drop { $0 == " " }.description
            )
        }
        let length = headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
        let headBytes = view.distance(from: view.startIndex, to: end.upperBound)
        guard bytes.readableBytes >= headBytes + (hasBody ? length : 0) else { return nil }
        bytes.moveReaderIndex(forwardBy: headBytes)
        let body = hasBody ? bytes.readString(length: length) ?? "" : ""
        return HTTPReply(status: status, headers: headers, body: body)
    }
}

/// What came isn't HTTP.
struct MalformedReply: Error {
    let text: String
}
