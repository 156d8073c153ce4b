/// Every route the server knows, by template. Requests that match none share `unmatched`.
///
/// The template is the label's value and the only name a route has in logs: a path never gets there.
public enum Route: Int, Label {
    case roomMessages, roomEvents, roomSocket, roomWait, roomTranscript, roomStatus
    case roomClaim, roomAck, roomListening
    case identityRegister, identity
    case directMessage, inboxWait, inboxMessage
    // A fixed segment comes before a parameter in its place.
    case agents, agentMatches, agent, agentProfile, agentHeartbeat, agentsFile, agentsWellKnown
    case report, contact
    case health, status, openAPI, apiDocs
    case metrics, exposition, metricsSeries, metricsHourly, metricsGeo, metricsGeoSelfTest
    case metricsStream, metricsState, metricsCards, metricsCounters, metricsStorage, metricsBuild
    case metricsAlerts
    case stats, adminStats, adminLogin, adminLogout, adminAlerts
    case publicStatus, publicStatusFile
    case home, docs, docsAgents, connect, source, room
    case sdk, llms, robots, securityText, favicon
    case asset
    case unmatched

    public static let key = "route"
    @inlinable public static var count: Int { 60 }

    /// The path with its parameters named, as a router writes it.
    public var text: String {
        switch self {
        case .roomMessages: "/api/rooms/:id/messages"
        case .roomEvents: "/api/rooms/:id/events"
        case .roomSocket: "/api/rooms/:id/ws"
        case .roomWait: "/api/rooms/:id/wait"
        case .roomTranscript: "/api/rooms/:id/transcript"
        case .roomStatus: "/api/rooms/:id/status"
        case .roomClaim: "/api/rooms/:id/claim"
        case .roomAck: "/api/rooms/:id/ack"
        case .roomListening: "/api/rooms/:id/listening"
        case .identityRegister: "/api/identity/register"
        case .identity: "/api/identity/:handle"
        case .directMessage: "/api/dm/:handle"
        case .inboxWait: "/api/dm/:handle/inbox/wait"
        case .inboxMessage: "/api/dm/:handle/inbox/:id"
        case .agents: "/api/agents"
        case .agentMatches: "/api/agents/matches"
        case .agent: "/api/agents/:handle"
        case .agentProfile: "/api/agents/:handle/profile"
        case .agentHeartbeat: "/api/agents/:handle/heartbeat"
        case .agentsFile: "/agents.json"
        case .agentsWellKnown: "/.well-known/bot2bot-agents"
        case .report: "/api/report"
        case .contact: "/api/contact"
        case .health: "/api/health"
        case .status: "/api/status"
        case .openAPI: "/api/openapi.json"
        case .apiDocs: "/api/docs"
        case .metrics: "/api/metrics"
        case .exposition: "/metrics"
        case .metricsSeries: "/api/metrics/series"
        case .metricsHourly: "/api/metrics/hourly"
        case .metricsGeo: "/api/metrics/geo"
        case .metricsGeoSelfTest: "/api/metrics/geo/self-test"
        case .metricsStream: "/api/metrics/stream"
        case .metricsState: "/api/metrics/state"
        case .metricsCards: "/api/metrics/cards"
        case .metricsCounters: "/api/metrics/counters"
        case .metricsStorage: "/api/metrics/storage"
        case .metricsBuild: "/api/metrics/build"
        case .metricsAlerts: "/api/metrics/alerts"
        case .stats: "/stats"
        case .adminStats: "/admin/stats"
        case .adminLogin: "/admin/login"
        case .adminLogout: "/admin/logout"
        case .adminAlerts: "/admin/alerts"
        case .publicStatus: "/status"
        case .publicStatusFile: "/api/public-status"
        case .home: "/"
        case .docs: "/docs"
        case .docsAgents: "/docs/agents"
        case .connect: "/connect"
        case .source: "/source"
        case .room: "/room/:id"
        case .sdk: "/sdk/:file"
        case .llms: "/llms.txt"
        case .robots: "/robots.txt"
        case .securityText: "/.well-known/security.txt"
        case .favicon: "/favicon.ico"
        case .asset: "/assets/:file"
        case .unmatched: "unmatched"
        }
    }

    /// Routes whose requests stay open by design; they are left out of request latency.
    public var isStream: Bool {
        switch self {
        case .roomEvents, .roomSocket, .roomWait, .roomClaim, .inboxWait, .metricsStream: true
        default: false
        }
    }

    /// Pages for people, whose visits are counted by country.
    public var isPage: Bool {
        switch self {
        case .home, .docs, .docsAgents, .connect, .source, .room: true
        default: false
        }
    }

    /// Routes behind the dashboard's gate, which wants to know where a connection comes from.
    public var isGated: Bool {
        switch group {
        case .metrics, .admin: true
        default: self == .metricsStream
        }
    }

    /// The group that request latency is kept for.
    public var group: RouteGroup {
        switch self {
        case .roomMessages: .post
        case .roomEvents, .roomSocket, .roomWait, .roomClaim, .inboxWait, .metricsStream: .stream
        case .roomTranscript, .roomStatus, .roomAck, .roomListening: .room
        case .identityRegister, .identity: .identity
        case .directMessage, .inboxMessage: .directMessage
        case .agents, .agentMatches, .agent, .agentProfile, .agentHeartbeat, .agentsFile, .agentsWellKnown:
            .directory
        case .report, .contact: .report
        case .health, .status, .openAPI: .health
        case .metrics, .exposition, .metricsSeries, .metricsHourly, .metricsGeo, .metricsGeoSelfTest,
            .metricsState, .metricsCards, .metricsCounters, .metricsStorage, .metricsBuild,
            .metricsAlerts:
            .metrics
        case .stats, .adminStats, .adminLogin, .adminLogout, .adminAlerts: .admin
        case .home, .docs, .docsAgents, .connect, .source, .room, .apiDocs, .sdk, .llms, .robots,
            .securityText,
            .favicon, .asset, .publicStatus, .publicStatusFile:
            .page
        case .unmatched: .unmatched
        }
    }
}

/// Routes of one kind, for histograms: a histogram per route would be a hundred thousand numbers.
public enum RouteGroup: Int, Label {
    case post, room, health, metrics, admin, page, unmatched
    case identity, directMessage, directory, report
    /// Long-lived by design, never observed in the latency histogram.
    case stream

    public static let key = "group"
    @inlinable public static var count: Int { 12 }
}
