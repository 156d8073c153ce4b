import NIOCore
public import NIOHTTP1
public import SignalboxMetrics

/// A request's head, whoever read it: ``PlainHead`` or NIO's decoder. Texts are made when somebody asks for them.
public struct RequestHead: Sendable {
    enum Source: Sendable {
        case plain(PlainHead)
        case decoded(HTTPRequestHead)
        /// Let go of, while a request waits or a stream runs.
        case forgotten
    }

    public let method: Method
    /// Whether the client wants the connection to stay open after the answer.
    public let keepsAlive: Bool
    /// Whether the client speaks HTTP/1.1; streams to older ones go unframed and end with the connection.
    public let isChunkable: Bool
    let source: Source

    init(_ head: PlainHead) {
        method = head.method
        keepsAlive = head.keepsAlive
        isChunkable = true
        source = .plain(head)
    }

    /// A head as NIO has it.
    public init(_ head: HTTPRequestHead) {
        method = Method(head.method)
        // The decoder stops at an Upgrade it saw; a declined one ends the connection.
        keepsAlive = head.isKeepAlive && head.method != .CONNECT && !head.headers.contains(name: "upgrade")
        isChunkable = head.version.minor >= 1 && head.version.major == 1
        source = .decoded(head)
    }

    private init(forgetting head: RequestHead) {
        method = head.method
        keepsAlive = head.keepsAlive
        isChunkable = head.isChunkable
        source = .forgotten
    }

    /// What is still needed when the request itself isn't: it would keep the buffer that it was read into.
    var forgotten: RequestHead { RequestHead(forgetting: self) }

    /// The target as sent.
    public var uri: String {
        switch source {
        case .plain(let head): head.text(head.target)
        case .decoded(let head): head.uri
        case .forgotten: ""
        }
    }

    /// The query, read when asked.
    var query: Query {
        guard case .plain(let head) = source else { return RequestTarget.query(uri) }
        return Query(head.slice(head.query))
    }

    /// The method as sent.
    public var methodText: String {
        if case .decoded(let head) = source { return head.method.rawValue }
        return method.text
    }

    /// Every header. Made anew for each call where nobody has made them yet.
    public var headers: HTTPHeaders {
        switch source {
        case .plain(let head):
            var headers = HTTPHeaders()
            head.forEachField { name, value in
                headers.add(
                    name: String(decoding: name, as: UTF8.self), value: String(decoding: value, as: UTF8.self)
                )
                return true
            }
            return headers
        case .decoded(let head): return head.headers
        case .forgotten: return HTTPHeaders()
        }
    }

    /// The head as NIO has it.
    var decoded: HTTPRequestHead {
        if case .decoded(let head) = source { return head }
        return HTTPRequestHead(
            version: isChunkable ? .http1_1 : .http1_0, method: HTTPMethod(rawValue: methodText), uri: uri,
            headers: headers)
    }

    /// The first value of a header, by its name in any case.
    public func first(_ name: String) -> String? {
        switch source {
        case .plain(let head):
            var found: String?
            head.forEachField { field, value in
                guard Self.equal(field, name) else { return true }
                found = String(decoding: value, as: UTF8.self)
                return false
            }
            return found
        case .decoded(let head): return head.headers.first(name: name)
        case .forgotten: return nil
        }
    }

    /// Every value of a header.
    public func values(_ name: String) -> [String] {
        switch source {
        case .plain(let head):
            var found: [String] = []
            head.forEachField { field, value in
                if Self.equal(field, name) { found.append(String(decoding: value, as: UTF8.self)) }
                return true
            }
            return found
        case .decoded(let head): return head.headers[name]
        case .forgotten: return []
        }
    }

    private static func equal(_ field: UnsafeRawBufferPointer, _ name: String) -> Bool {
        field.count == name.utf8.count
            && zip(field, name.utf8).allSatisfy { one, other in
                one == other || (one | 0x20 == other | 0x20 && (one | 0x20) &- 0x61 < 26)
            }
    }

    /// Whether a proxy may have said something of its client.
    var isForwarded: Bool {
        if case .plain(let head) = source { return head.isForwarded }
        return true
    }

    /// Two names for one request: whoever checks one of them may be fooled by the other.
    var hasSeveralHosts: Bool {
        if case .decoded(let head) = source { return head.headers["host"].count > 1 }
        return false
    }

    /// How the body is encoded; nil for as it is.
    var contentEncoding: String? {
        if case .decoded(let head) = source { return head.headers.first(name: "content-encoding") }
        return nil
    }

    /// Whether the body calls itself JSON.
    var isJSON: Bool {
        if case .plain(let head) = source,
            head.withBytes(head.contentType, { PlainHead.equal($0, "application/json") })
        {
            return true
        }
        guard let type = first("content-type") else { return false }
        let media = type.prefix { $0 != ";" }
        return media.lowercased().filter { !$0.isWhitespace } == "application/json"
    }

    /// What sends it: a browser or an agent.
    var clientKind: ClientKind {
        switch source {
        case .plain(let head): head.withBytes(head.userAgent, ClientKind.init(userAgent:))
        default: ClientKind(userAgent: first("user-agent"))
        }
    }
}
