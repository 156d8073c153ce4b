/// The address by which clients reach this server, as it stands in pages and examples.
public struct ServerAddress: Sendable {
    private let base: String?

    /// - Parameter base: PUBLIC_BASE_URL without a path; nil for the address that each client uses.
    public init(base: String?) { self.base = base }

    /// Scheme, host and port. Of a client's own Host only what a host is made of is left: people paste it into a
    /// shell.
    public func origin(of request: FrontRequest) -> String {
        if let base { return base }
        let host = (request.header("host") ?? "localhost").unicodeScalars.filter {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || ".:[]-_".unicodeScalars.contains($0)
        }
        return (request.isSecure ? "https://" : "http://") + String(String.UnicodeScalarView(host))
    }
}
