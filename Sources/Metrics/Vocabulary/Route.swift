/// Every route the server knows, by template. Requests that match none share `unmatched`.
///
/// The template is the label's value and the only name a route has in logs: a path never gets there.
public enum Route: Int, Label {
    case roomMessages, roomEvents, roomSocket, roomWait, roomTranscript, roomStatus
    case health
    case metrics, exposition, metricsSeries, metricsHourly
    case stats, adminStats, adminLogin, adminLogout
    case home, asset
    case unmatched

    public static let key = "route"
    @inlinable public static var count: Int { 18 }

    /// The path with its parameters named, as a router writes it.
    public var text: String {
        switch self {
        case .roomMessages: "/api/rooms/:id/messages"
        case .roomEvents: "/api/rooms/:id/events"
        case .roomSocket: "/api/rooms/:id/ws"
        case .roomWait: "/api/rooms/:id/wait"
        case .roomTranscript: "/api/rooms/:id/transcript"
        case .roomStatus: "/api/rooms/:id/status"
        case .health: "/api/health"
        case .metrics: "/api/metrics"
        case .exposition: "/metrics"
        case .metricsSeries: "/api/metrics/series"
        case .metricsHourly: "/api/metrics/hourly"
        case .stats: "/stats"
        case .adminStats: "/admin/stats"
        case .adminLogin: "/admin/login"
        case .adminLogout: "/admin/logout"
        case .home: "/"
        case .asset: "/assets/:file"
        case .unmatched: "unmatched"
        }
    }

    /// Routes whose requests stay open by design; they are left out of request latency.
    public var isStream: Bool {
        switch self {
        case .roomEvents, .roomSocket, .roomWait: true
        default: false
        }
    }

    /// The group that request latency is kept for.
    public var group: RouteGroup {
        switch self {
        case .roomMessages: .post
        case .roomEvents, .roomSocket, .roomWait: .stream
        case .roomTranscript, .roomStatus: .room
        case .health: .health
        case .metrics, .exposition, .metricsSeries, .metricsHourly: .metrics
        case .stats, .adminStats, .adminLogin, .adminLogout: .admin
        case .home, .asset: .page
        case .unmatched: .unmatched
        }
    }
}

/// Routes of one kind, for histograms: a histogram per route would be a hundred thousand numbers.
public enum RouteGroup: Int, Label {
    case post, room, health, metrics, admin, page, unmatched
    /// Long-lived by design, never observed in the latency histogram.
    case stream

    public static let key = "group"
    @inlinable public static var count: Int { 8 }
}
