public import NIOCore
public import SignalboxMetrics

/// A whole request as the front handler hands it on: routed, its body collected and bounded.
public struct FrontRequest: Sendable {
    public let route: Route
    /// The path's parameter, decoded; empty for routes without one.
    public let parameter: String
    /// The second parameter of routes that have two.
    public let secondParameter: String
    public let query: Query
    public let head: RequestHead
    public let body: ByteBuffer
    /// The client's address, after trusted proxies; nil on a Unix socket.
    public let client: IPAddress
    /// Whether the client reached a trusted proxy over https.
    public let isSecure: Bool
    /// Where the connection comes from; nil but on routes behind the gate.
    public let origin: ConnectionOrigin?

    public var method: Method { head.method }

    /// Whether the client speaks HTTP/1.1; streams to older ones go unframed and end with the connection.
    public var isChunkable: Bool { head.isChunkable }

    /// Whether the request asks for a WebSocket as RFC 6455 §4.1 has it. `Connection` must name the upgrade:
    /// only then does the HTTP decoder stop behind this request, and what follows is frames.
    public var asksForWebSocket: Bool {
        method == .get && isChunkable && header("upgrade")?.lowercased() == "websocket"
            && head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
    }

    /// The first value of a header.
    public func header(_ name: String) -> String? { head.first(name) }

    /// The body as JSON by the original's rules: without a JSON content type it counts as `{}`; with one it
    /// must be an object or an array.
    /// - Throws: ``JSONError`` with a sentence for the client.
    public func jsonBody() throws -> JSONValue {
        guard hasJSON else { return .object([:]) }
        var text = body
        // Some clients put a byte order mark first; the original takes it off.
        if text.readableBytesView.starts(with: [0xef, 0xbb, 0xbf]) { text.moveReaderIndex(forwardBy: 3) }
        let value = try JSONParser.parse(text)
        switch value {
        case .object, .array: return value
        default: throw JSONError(description: "the body must be an object")
        }
    }

    /// Whether there is a body that calls itself JSON.
    public var hasJSON: Bool { body.readableBytes > 0 && head.isJSON }

    /// What posts.
    public var clientKind: ClientKind { head.clientKind }
}
