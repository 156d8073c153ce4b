/// Which of the server's listeners a connection came in on.
public enum ListenerKind: Sendable {
    case open
    /// TAILSCALE_SERVE: `tailscale serve` alone is expected there, so its headers count.
    case tailscaleServe
}

/// Where a request's connection comes from and arrived, before any header is looked at.
public struct ConnectionOrigin: Sendable, Equatable {
    /// The TCP peer; nil on a Unix socket.
    public let peer: IPAddress?
    public let peerPort: Int
    /// This machine's end of the connection; nil on a Unix socket.
    public let local: IPAddress?
    /// The network interface that its packets come in by; nil where nobody needs to know.
    public let interface: Int?
    public let listener: ListenerKind

    public init(
        peer: IPAddress?, peerPort: Int, local: IPAddress?, interface: Int?, listener: ListenerKind
    ) {
        self.peer = peer
        self.peerPort = peerPort
        self.local = local
        self.interface = interface
        self.listener = listener
    }
}
