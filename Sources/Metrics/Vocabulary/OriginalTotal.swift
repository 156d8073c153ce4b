/// The totals of the Bot2Bot wire format's `/api/metrics`, in its order, each a sum of our series.
public enum OriginalTotal: String, CaseIterable, Sendable {
    case roomsCreated = "rooms_created_total"
    case roomsEvicted = "rooms_evicted_total"
    case messages = "messages_relayed_total"
    case bytes = "bytes_relayed_total"
    case httpPosts = "http_posts_total"
    case http2xx = "http_2xx"
    case http4xx = "http_4xx"
    case http5xx = "http_5xx"
    case http429 = "http_429"
    case wsConnects = "ws_connects_total"
    case wsDisconnects = "ws_disconnects_total"
    case sseConnects = "sse_connects_total"
    case sseDisconnects = "sse_disconnects_total"
    case longpollWaits = "longpoll_waits_total"
    case longpollWakes = "longpoll_wakes_total"
    case longpollTimeouts = "longpoll_timeouts_total"
    case bugReports = "bug_reports_total"
    case transportBrowser = "transport_browser_total"
    case transportAgent = "transport_agent_total"
    case identitiesRegistered = "identities_registered_total"
    case identitiesForgotten = "identities_gc_total"
    case directMessages = "dm_sent_total"
    case inboxWaits = "dm_waits_total"
    case contactSubmissions = "contact_submissions_total"

    private static let places = Dictionary(
        uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
    /// The total's place among all.
    var index: Int { Self.places[self, default: 0] }

    /// The slots that add up to it: those of its series, and what an imported server had counted.
    var slots: [Int] { Self.slotLists[index] }
    private static let slotLists = allCases.map { total in
        total.counters.map(\.slot) + [SlotTable.slot(imported: total)]
    }

    /// The series that add up to it.
    public var counters: [Counter] {
        func requests(_ status: StatusClass) -> [Counter] { Route.allCases.map { .requests($0, status) } }
        func disconnects(_ transport: Transport) -> [Counter] {
            DisconnectReason.allCases.map { .disconnects(transport, $0) }
        }
        return switch self {
        case .roomsCreated: [.roomsCreated]
        case .roomsEvicted: EvictionReason.allCases.map { .roomsEvicted($0) }
        case .messages: Ingress.allCases.map { .messages($0) }
        case .bytes: [.messageBytes, .directMessageBytes]
        case .httpPosts: [.messages(.http)]
        case .http2xx: requests(.success)
        case .http4xx: requests(.clientError)
        case .http5xx: requests(.serverError)
        // Every 429 has a reason, those on a WebSocket too, which the original also counts here.
        case .http429: LimitReason.allCases.map { .limited($0) }
        case .wsConnects: [.connects(.ws)]
        case .wsDisconnects: disconnects(.ws)
        case .sseConnects: [.connects(.sse)]
        case .sseDisconnects: disconnects(.sse)
        case .longpollWaits: [.connects(.poll)]
        case .longpollWakes: [.waitsEnded(.wake)]
        case .longpollTimeouts: [.waitsEnded(.timeout)]
        case .bugReports: [.reports]
        case .transportBrowser: [.messageClients(.browser)]
        case .transportAgent: [.messageClients(.agent)]
        case .identitiesRegistered: [.identitiesRegistered]
        case .identitiesForgotten: [.identitiesForgotten]
        case .directMessages: Sender.allCases.map { .directMessages($0) }
        case .inboxWaits: [.inboxWaits]
        case .contactSubmissions: [.contacts]
        }
    }
}
