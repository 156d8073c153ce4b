import Foundation

/// Where the server is: the parts of `--url` that a connection needs.
struct RelayAddress: Sendable {
    /// The address as it was given, for sentences.
    let text: String
    let host: String
    let port: Int
    /// The value of the Host header.
    let authority: String
    /// A path in front of every route, without a slash at the end; empty for a server at the root.
    private let prefix: String

    /// Says in a sentence what is wrong with an address and what to do.
    struct Unusable: Error, CustomStringConvertible {
        let description: String
    }

    init(_ text: String) throws {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            let named = parts.host, !named.isEmpty
        else {
            throw Unusable(
                description: "'\(text)' is not an address. Give one such as http://127.0.0.1:3000.")
        }
        guard scheme != "https" else {
            throw Unusable(
                description: """
                    The demo speaks http:// only. Give the server's own address behind the TLS proxy, \
                    such as http://127.0.0.1:3000.
                    """)
        }
        guard scheme == "http", parts.query == nil, parts.fragment == nil, parts.user == nil else {
            throw Unusable(
                description: """
                    '\(text)' is more than the demo needs. Give scheme, host and port only, such as \
                    http://127.0.0.1:3000.
                    """)
        }
        self.text = text
        // An IPv6 address has brackets in a URL and in the Host header, but not for connect().
        host = named.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        port = parts.port ?? 80
        guard (1...65535).contains(port) else {
            throw Unusable(description: "Port \(port) is out of range. Give a port from 1 to 65535.")
        }
        let bracketed = host.contains(":") ? "[\(host)]" : host
        authority = parts.port == nil ? bracketed : "\(bracketed):\(port)"
        prefix =
            parts.percentEncodedPath.hasSuffix("/")
            ? String(parts.percentEncodedPath.dropLast()) : parts.percentEncodedPath
    }

    /// The request target of a route that starts with a slash.
    func target(_ route: String) -> String {
        prefix + route
    }
}
