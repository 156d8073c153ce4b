import Foundation
import Web

/// The names the dashboard may be reached by with a session. A name that isn't ours but leads here is how a
/// web page elsewhere would borrow an operator's browser (DNS rebinding).
public struct AllowedHosts: Sendable {
    private let names: Set<String>

    /// - Parameters:
    ///   - publicBaseURL: PUBLIC_BASE_URL.
    ///   - more: PUBLIC_HOSTS and the bound host.
    public init(publicBaseURL: String?, more: [String]) {
        var names: Set<String> = ["localhost"]
        if let host = publicBaseURL.flatMap({ URL(string: $0) })?.host() { names.insert(host.lowercased()) }
        names.formUnion(more.map { $0.lowercased() })
        self.names = names
    }

    /// Whether a Host header's value is one of ours. An address is always good: rebinding needs a name.
    func contains(_ header: String?) -> Bool {
        guard let host = Self.name(header) else { return false }
        return names.contains(host) || Self.isAddress(host)
    }

    /// The name of a Host header without its port, lowercase.
    static func name(_ header: String?) -> String? {
        guard var host = header?.lowercased().trimmingCharacters(in: .whitespaces), !host.isEmpty else {
            return nil
        }
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            let rest = host[host.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" && rest.dropFirst().allSatisfy(\.isNumber) else {
                return nil
            }
            return String(host[...end])
        }
        if let colon = host.lastIndex(of: ":") { host = String(host[..<colon]) }
        return host.hasSuffix(".") ? String(host.dropLast()) : host
    }

    private static func isAddress(_ host: String) -> Bool {
        !host.contains("%") && IPAddress(host) != nil && host.hasPrefix("[") == host.hasSuffix("]")
    }
}
