import NIOHTTP1
import Web

/// The tailnet's door: who comes from the operator's own tailnet needs no token.
///
/// An address in 100.64.0.0/10 proves nothing by itself, and a header proves nothing but on the listener that
/// `tailscale serve` has to itself. Loopback alone admits nobody.
public struct TailnetDoor: Sendable {
    enum Verdict: Equatable {
        case admitted(serve: Bool)
        /// In the tailnet, but its daemon or TAILSCALE_ALLOW didn't confirm it.
        case unconfirmed
        case notFromTailnet
    }

    /// Whether a peer the daemon has named may come in.
    public struct AllowList: Sendable {
        /// nil for everybody in the tailnet.
        private let entries: Set<String>?

        /// - Parameter entries: TAILSCALE_ALLOW, logins and tags; nil when it isn't set, and an empty list is one of
        ///   nobody.
        public init(_ entries: [String]?) { self.entries = entries.map { Set($0.map { $0.lowercased() }) } }

        var isEverybody: Bool { entries == nil }
        func admits(login: String) -> Bool {
            guard let entries else { return true }
            return !login.lowercased().hasPrefix("tag:") && entries.contains(login.lowercased())
        }
        /// Only tags that were asked for; a tagged node belongs to nobody.
        func admits(tags: [String]) -> Bool {
            tags.contains { $0.hasPrefix("tag:") && entries?.contains($0.lowercased()) == true }
        }
    }

    private let allowed: AllowList
    private let daemon: TailnetDaemon
    private let interface: @Sendable () -> TailnetInterface

    /// - Parameter interface: TAILSCALE_INTERFACE.
    public init(interface: String, allowed: AllowList, daemon: TailnetDaemon) {
        self.init(allowed: allowed, daemon: daemon) { .named(interface) }
    }

    init(
        allowed: AllowList, daemon: TailnetDaemon, interface: @escaping @Sendable () -> TailnetInterface
    ) {
        self.allowed = allowed
        self.daemon = daemon
        self.interface = interface
    }

    /// Whether there is a tailnet now that people can come in by.
    public var isOpen: Bool { interface().addresses.contains(where: \.isTailnet) }

    func verdict(_ request: FrontRequest) async -> Verdict {
        guard let origin = request.origin else { return .notFromTailnet }
        switch origin.listener {
        case .open: return await direct(origin, request.head.headers)
        case .tailscaleServe: return await served(origin, request.head.headers)
        }
    }

    /// A peer that reached this machine's own address in the tailnet.
    private func direct(_ origin: ConnectionOrigin, _ headers: HTTPHeaders) async -> Verdict {
        guard let peer = origin.peer, peer.isTailnet, !ForwardingHeaders.isPresent(in: headers),
            interface().receives(origin)
        else { return .notFromTailnet }
        guard daemon.isThere else { return allowed.isEverybody ? .admitted(serve: false) : .unconfirmed }
        guard let found = await daemon.peer(at: peer, port: origin.peerPort) else { return .unconfirmed }
        if !found.tags.isEmpty {
            return allowed.isEverybody || allowed.admits(tags: found.tags)
                ? .admitted(serve: false) : .unconfirmed
        }
        return !found.login.isEmpty && allowed.admits(login: found.login)
            ? .admitted(serve: false) : .unconfirmed
    }

    /// What `tailscale serve` passed on: it takes a client's own Tailscale headers off, and says who it is.
    private func served(_ origin: ConnectionOrigin, _ headers: HTTPHeaders) async -> Verdict {
        guard origin.peer?.isLoopback ?? true, !ForwardingHeaders.isFunnel(headers),
            let client = Self.onlyTailnetAddress(headers["x-forwarded-for"])
        else { return .notFromTailnet }
        let logins = headers["tailscale-user-login"]
        guard logins.count <= 1 else { return .notFromTailnet }
        let login = logins.first ?? ""
        guard daemon.isThere else {
            guard !login.isEmpty else { return .notFromTailnet }
            return allowed.admits(login: login) ? .admitted(serve: true) : .unconfirmed
        }
        guard let found = await daemon.peer(at: client, port: nil) else { return .unconfirmed }
        // Serve names nobody for a tagged node: then the tag must have been asked for.
        if !found.tags.isEmpty {
            return login.isEmpty && allowed.admits(tags: found.tags) ? .admitted(serve: true) : .unconfirmed
        }
        guard !login.isEmpty, found.login.lowercased() == login.lowercased() else { return .unconfirmed }
        return allowed.admits(login: login) ? .admitted(serve: true) : .unconfirmed
    }

    /// The one address of the one header; more than one means that somebody else passed it on, too.
    private static func onlyTailnetAddress(_ values: [String]) -> IPAddress? {
        guard values.count == 1, !values[0].contains(","), let address = IPAddress(values[0]),
            address.isTailnet
        else { return nil }
        return address
    }

    /// Whether a Host header names this machine within its tailnet.
    func ownsName(_ header: String?) async -> Bool {
        guard let name = AllowedHosts.name(header) else { return false }
        if daemon.isThere {
            guard let own = await daemon.ownName() else { return false }
            return name == own || name == own.split(separator: ".").first.map(String.init)
        }
        let own = TailnetNames.hostName
        return !own.isEmpty && (name == own || name.hasPrefix(own + ".") && name.hasSuffix(".ts.net"))
    }
}
