import NIOHTTP1
import Web

/// Headers that proxies add. A request that carries one didn't come from its connection's peer.
enum ForwardingHeaders {
    private static let names: Set<String> = [
        "forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip",
        "cf-connecting-ip", "cf-connecting-ipv6", "cf-ray", "fastly-client-ip", "proxy-connection",
    ]
    private static let prefixes = ["x-forwarded", "x-original-", "x-envoy-", "tailscale-"]

    /// Whether any of them is there, in any spelling. An underscore counts as a dash, as some proxies have it.
    static func isPresent(in headers: HTTPHeaders) -> Bool {
        headers.contains { name, _ in
            let name = String(name.lowercased().map { $0 == "_" ? "-" : $0 })
            return names.contains(name) || prefixes.contains { name.hasPrefix($0) }
        }
    }

    /// Whether a header of `tailscale serve` is there.
    static func hasTailnet(in headers: HTTPHeaders) -> Bool {
        headers.contains { name, _ in name.lowercased().hasPrefix("tailscale-") }
    }

    /// Set by tailscaled on what reaches it from the public internet.
    static func isFunnel(_ headers: HTTPHeaders) -> Bool {
        headers.contains(name: "tailscale-funnel-request")
    }
}
