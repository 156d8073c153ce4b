/// What a minute and an hour point hold: one column each in the store. At most 150.
public enum StoredStat: String, CaseIterable, Sendable {
    // Counted within the point's time.
    case messages, bytes, rooms, bugs
    case roomsEvicted = "rooms_evicted"
    case httpPosts = "http_posts"
    case http2xx = "http_2xx"
    case http4xx = "http_4xx"
    case http5xx = "http_5xx"
    case http429 = "http_429"
    case wsConnects = "ws_connects"
    case wsDisconnects = "ws_disconnects"
    case sseConnects = "sse_connects"
    case sseDisconnects = "sse_disconnects"
    case longpollWaits = "longpoll_waits"
    case longpollWakes = "longpoll_wakes"
    case longpollTimeouts = "longpoll_timeouts"
    case transportBrowser = "transport_browser"
    case transportAgent = "transport_agent"
    case deliveriesSSE = "deliveries_sse"
    case deliveriesWS = "deliveries_ws"
    case deliveriesPoll = "deliveries_poll"
    case deliveriesDropped = "deliveries_dropped"
    case slowDisconnects = "slow_disconnects"
    case limitedRoomRate = "limited_room_rate"
    case limitedClientRate = "limited_client_rate"
    case limitedStreams = "limited_streams"
    case limitedWaiters = "limited_waiters"
    case limitedLogins = "limited_logins"
    case overCapacity = "over_capacity"
    case loginsRefused = "logins_refused"
    case directMessages = "direct_messages"
    case directMessageBytes = "direct_message_bytes"
    case identitiesRegistered = "identities_registered"
    case claims = "claims"
    case listening = "listening"
    case signaturesRefused = "signatures_refused"
    case limitedSigned = "limited_signed"
    // Values at the time of the sample.
    case activeRooms = "active_rooms"
    case activeSubs = "active_subs"
    case subscribersSSE = "subs_sse"
    case subscribersWS = "subs_ws"
    case waiters = "waiters"
    case roomBufferBytes = "room_buffer_bytes"
    case identities
    case inboxBytes = "inbox_bytes"
    // Highest values within the point's time.
    case peakRooms = "peak_rooms"
    case peakSubs = "peak_subs"

    /// How values of two points become one.
    public enum Kind: Sendable {
        /// Counted: the sum.
        case count([Counter])
        /// Read at the sample: the later one.
        case gauge
        /// The highest.
        case peak(Peak)
    }

    /// The column's kind and where its value comes from.
    public var kind: Kind {
        switch self {
        case .messages: .count(OriginalTotal.messages.counters)
        case .bytes: .count(OriginalTotal.bytes.counters)
        case .rooms: .count(OriginalTotal.roomsCreated.counters)
        case .bugs: .count(OriginalTotal.bugReports.counters)
        case .roomsEvicted: .count(OriginalTotal.roomsEvicted.counters)
        case .httpPosts: .count(OriginalTotal.httpPosts.counters)
        case .http2xx: .count(OriginalTotal.http2xx.counters)
        case .http4xx: .count(OriginalTotal.http4xx.counters)
        case .http5xx: .count(OriginalTotal.http5xx.counters)
        case .http429: .count(OriginalTotal.http429.counters)
        case .wsConnects: .count(OriginalTotal.wsConnects.counters)
        case .wsDisconnects: .count(OriginalTotal.wsDisconnects.counters)
        case .sseConnects: .count(OriginalTotal.sseConnects.counters)
        case .sseDisconnects: .count(OriginalTotal.sseDisconnects.counters)
        case .longpollWaits: .count(OriginalTotal.longpollWaits.counters)
        case .longpollWakes: .count(OriginalTotal.longpollWakes.counters)
        case .longpollTimeouts: .count(OriginalTotal.longpollTimeouts.counters)
        case .transportBrowser: .count(OriginalTotal.transportBrowser.counters)
        case .transportAgent: .count(OriginalTotal.transportAgent.counters)
        case .deliveriesSSE: .count([.deliveries(.sse)])
        case .deliveriesWS: .count([.deliveries(.ws)])
        case .deliveriesPoll: .count([.deliveries(.poll)])
        case .deliveriesDropped: .count(Transport.allCases.map { .deliveriesDropped($0) })
        case .slowDisconnects: .count(Transport.allCases.map { .disconnects($0, .slow) })
        case .limitedRoomRate: .count([.limited(.roomRate)])
        case .limitedClientRate: .count([.limited(.clientRate)])
        case .limitedStreams: .count([.limited(.streamsPerClient)])
        case .limitedWaiters: .count([.limited(.waitersPerClient), .limited(.waitersPerRoom)])
        case .limitedLogins: .count([.limited(.loginAttempts)])
        case .overCapacity: .count(CapacityReason.allCases.map { .overCapacity($0) })
        case .loginsRefused: .count([.admissions(.refused), .admissions(.foreignOrigin)])
        case .directMessages: .count(OriginalTotal.directMessages.counters)
        case .directMessageBytes: .count([.directMessageBytes])
        case .identitiesRegistered: .count([.identitiesRegistered])
        case .claims: .count([.claims(.claimed)])
        case .listening: .count([.listening])
        case .signaturesRefused:
            .count(SignedAct.allCases.flatMap { [.signatures($0, .refused), .signatures($0, .replayed)] })
        case .limitedSigned:
            .count([
                .limited(.registerRate), .limited(.dmRate), .limited(.authRate), .limited(.profileRate),
                .limited(.replayCache), .limited(.inboxFull), .limited(.waitersPerHandle),
            ])
        case .activeRooms, .activeSubs, .subscribersSSE, .subscribersWS, .waiters, .roomBufferBytes,
            .identities,
            .inboxBytes:
            .gauge
        case .peakRooms: .peak(.rooms)
        case .peakSubs: .peak(.subscribers)
        }
    }

    /// How two values of the column become one.
    enum Folding { case sum, later, highest }

    /// The folding of every column, in order; asked for once a row, so worked out once.
    static let folding: [Folding] = allCases.map {
        switch $0.kind {
        case .count: .sum
        case .gauge: .later
        case .peak: .highest
        }
    }

    static let indices = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
    var index: Int { Self.indices[self, default: 0] }
}
