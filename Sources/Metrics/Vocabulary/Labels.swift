/// How a subscriber receives.
public enum Transport: Int, Label {
    case sse, ws, poll
    public static let key = "transport"
    @inlinable public static var count: Int { 3 }
}

/// How a message came in.
public enum Ingress: Int, Label {
    case http, ws
    public static let key = "via"
    @inlinable public static var count: Int { 2 }
}

/// What posted a message, judged by its User-Agent as the original judges it; a WebSocket is a browser.
public enum ClientKind: Int, Label {
    case browser, agent
    public static let key = "client"
    @inlinable public static var count: Int { 2 }
}

/// The class of an answered request. 1xx and 3xx count as `2xx`, as the original has it; 429 is its own.
public enum StatusClass: Int, Label {
    case success, clientError, tooManyRequests, serverError
    public static let key = "class"
    @inlinable public static var count: Int { 4 }
    public var text: String {
        switch self {
        case .success: "2xx"
        case .clientError: "4xx"
        case .tooManyRequests: "429"
        case .serverError: "5xx"
        }
    }

    /// The class of an HTTP status code.
    @inlinable
    public init(status: Int) {
        switch status {
        case 500...: self = .serverError
        case 429: self = .tooManyRequests
        case 400..<500: self = .clientError
        default: self = .success
        }
    }
}

/// Request methods; those outside the known few share `other`.
public enum Method: Int, Label {
    case get, head, post, put, delete, options, other
    public static let key = "method"
    @inlinable public static var count: Int { 7 }
    public var text: String {
        String(describing: self).uppercased() == "OTHER" ? "other" : String(describing: self).uppercased()
    }
}

/// Which limit answered 429.
public enum LimitReason: Int, Label {
    /// The token bucket of one client in one room.
    case roomRate
    /// The token bucket of one client over all rooms.
    case clientRate
    case streamsPerClient, waitersPerClient, waitersPerRoom
    case loginAttempts
    /// Token buckets of one client for one handle or one kind of request.
    case registerRate, dmRate, authRate, profileRate, directoryRate, reportRate, contactRate, listeningRate
    case waitersPerHandle
    /// As many names as may be kept post signs of life in the room.
    case listeningNames
    /// A handle has signed as many requests within the replay window as are remembered of it.
    case replayCache
    /// An anonymous message met an inbox full of verified ones.
    case inboxFull

    public static let key = "reason"
    @inlinable public static var count: Int { 18 }
}

/// Which bound answered 503.
public enum CapacityReason: Int, Label {
    case roomCap, memoryFuse, metricsDisabled, storeUnavailable
    case identityCap, inboxFuse
    /// As many dashboards as may be open have their stream.
    case dashboardStreams
    public static let key = "reason"
    @inlinable public static var count: Int { 7 }
}

/// Why a room ended.
public enum EvictionReason: Int, Label {
    /// Empty for longer than the grace period.
    case idle
    /// The longest-idle empty room made way for a new one at ROOMS_MAX.
    case capacity
    public static let key = "reason"
    @inlinable public static var count: Int { 2 }
}

/// Why a stream ended.
public enum DisconnectReason: Int, Label {
    /// The client closed it or went away.
    case client
    /// The client stopped reading and was dropped.
    case slow
    /// The client broke the protocol.
    case `protocol`
    /// The client didn't answer pings.
    case timeout
    /// The server shut down.
    case shutdown

    public static let key = "reason"
    @inlinable public static var count: Int { 5 }
}

/// How a parked long-poll ended.
public enum WaitEnd: Int, Label {
    case wake, timeout, cancel, shutdown
    public static let key = "end"
    @inlinable public static var count: Int { 4 }
}

/// Whether a sender proved who it is.
public enum Sender: Int, Label {
    case verified, anonymous
    public static let key = "sender"
    @inlinable public static var count: Int { 2 }
}

/// What was signed.
public enum SignedAct: Int, Label {
    case register, request, roomMessage, directMessage, profile
    public static let key = "act"
    @inlinable public static var count: Int { 5 }
}

/// What became of a signature.
public enum SignatureResult: Int, Label {
    case accepted, refused, replayed, cacheFull
    public static let key = "result"
    @inlinable public static var count: Int { 4 }
}

/// What became of a claim.
public enum ClaimEvent: Int, Label {
    /// A message was handed out; `again` is the same one once more within its lease.
    case claimed, again
    /// Nothing to hand out within the time.
    case empty
    case acked, staleAck
    public static let key = "event"
    @inlinable public static var count: Int { 5 }
}

/// What changed in the directory.
public enum DirectoryEvent: Int, Label {
    case published, unpublished, heartbeat, expired
    public static let key = "event"
    @inlinable public static var count: Int { 4 }
}

/// Why a direct message left its inbox.
public enum InboxRemoval: Int, Label {
    /// Its owner acknowledged it.
    case acked
    /// Older than an inbox keeps messages.
    case expired
    /// A newer one took its place in a full inbox.
    case displaced
    /// Its owner's identity was given up.
    case forgotten
    public static let key = "reason"
    @inlinable public static var count: Int { 4 }
}

/// Where messages to the operator go.
public enum OperatorChannelLabel: Int, Label {
    case telegram, discord, ntfy, webhook
    public static let key = "channel"
    @inlinable public static var count: Int { 4 }
}

/// What became of a message to the operator.
public enum DeliveryOutcome: Int, Label {
    case delivered, failed, dropped
    public static let key = "outcome"
    @inlinable public static var count: Int { 3 }
}

/// What told the country of a visit.
public enum CountrySource: Int, Label {
    /// Loopback or tailnet.
    case local
    /// CF-IPCountry of a trusted peer.
    case cloudflare
    case database
    /// None of them knew.
    case unknown
    public static let key = "source"
    @inlinable public static var count: Int { 4 }
}

/// What became of an attempt to get in.
public enum Admission: Int, Label {
    /// A session was opened: with the token, or with a one-time link.
    case login, loginLink
    /// A wrong token or link; too many of them.
    case refused, limited
    /// A form of another site; a session or a tailnet peer under a name that isn't ours.
    case foreignOrigin, foreignHost
    case scrapeTokenElsewhere, logout
    /// Requests that were let in, by door.
    case bearer, scrapeToken, session, tailnet, serve
    /// A peer in the tailnet whom its daemon or TAILSCALE_ALLOW didn't confirm.
    case tailnetRefused
    /// A request of the public internet that came by way of the tailnet.
    case funnel
    /// A tailnet's header where it proves nothing.
    case tailnetHeaderIgnored
    public static let key = "result"
    @inlinable public static var count: Int { 16 }
}

/// How an alert's state changed.
public enum AlertChangeKind: Int, Label {
    case fired, resolved
    public static let key = "change"
    @inlinable public static var count: Int { 2 }
}

/// What became of a piece of work.
public enum Outcome: Int, Label {
    case ok, failed
    public static let key = "outcome"
    @inlinable public static var count: Int { 2 }
}
