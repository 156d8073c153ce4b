import NIOHTTP1

/// Sends readers of pages from the server's other names to its own, PUBLIC_BASE_URL. Rooms and the API answer
/// under every name: a room's link may carry its key in the fragment, which no redirect could restate.
public struct CanonicalRedirect: Sendable {
    private let origin: String
    private let aliases: Set<String>

    private static let pages: Set<String> = [
        "/", "/docs", "/connect", "/board", "/docs/agents", "/source", "/api/docs", "/llms.txt",
    ]

    /// nil when there is nothing to redirect from or to.
    /// - Parameters:
    ///   - base: PUBLIC_BASE_URL.
    ///   - aliases: the other names.
    public init?(base: String?, aliases: [String]) {
        guard let base, let mark = base.range(of: "://") else { return nil }
        let rest = base[mark.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        origin = String(base[..<mark.upperBound]) + rest
        let own = Self.name(String(rest))
        self.aliases = Set(aliases.map(Self.name)).subtracting([own, ""])
        if rest.isEmpty || self.aliases.isEmpty { return nil }
    }

    /// Where the request should go; nil when it is right here. Only path and query are the client's: the host
    /// of an absolute-form target is not ours to send anyone to.
    /// - Parameter trustsPeer: whether X-Forwarded-Host counts.
    func target(_ head: RequestHead, trustsPeer: Bool) -> String? {
        guard head.method == .get || head.method == .head else { return nil }
        let path = RequestTarget.path(head.uri)
        guard Self.pages.contains(String(path)) else { return nil }
        let forwarded = trustsPeer ? head.first("x-forwarded-host") : nil
        let host = forwarded ?? head.first("host") ?? ""
        guard aliases.contains(Self.name(host)) else { return nil }
        return origin + path + RequestTarget.queryText(head.uri)
    }

    /// A host's bare name: the first of a list, without port, final dot and upper case.
    private static func name(_ host: String) -> String {
        var name = host.prefix { $0 != "," }.filter { !$0.isWhitespace }.lowercased()
        if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]"),
            name[name.index(after: colon)...].allSatisfy(\.isNumber)
        {
            name = String(name[..<colon])
        }
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}
