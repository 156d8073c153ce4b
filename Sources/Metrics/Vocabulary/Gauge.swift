/// Everything that is read at the moment it is asked for: derived from the live registry, never counted up
/// and down, so it can't drift.
public enum Gauge: Hashable, Sendable {
    case activeRooms
    case subscribers(Transport)
    case roomBufferBytes
    case roomBufferLimitBytes
    case roomsLimit
    case openConnections
    case storeBytes
    case lastFlushTimestamp
    case storeSetAsideTimestamp
    case identities
    case identitiesLimit
    case profiles
    case inboxMessages
    case inboxBytes
    case inboxLimitBytes
    case parkedInboxWaits
    case parkedClaims
    case listeningNames
    case signedLocks
    case geoDatabaseLoaded
    case geoDatabaseBuiltTimestamp
    case storeWritable
    case storeUnwrittenPoints
    case alertSilences
    case alertsFiring

    /// Every gauge, in exposition order.
    public static let all: [Gauge] =
        [.activeRooms] + Transport.allCases.map { .subscribers($0) }
        + [
            .roomBufferBytes, .roomBufferLimitBytes, .roomsLimit, .openConnections, .storeBytes,
            .lastFlushTimestamp, .storeSetAsideTimestamp, .identities, .identitiesLimit, .profiles,
            .inboxMessages, .inboxBytes, .inboxLimitBytes, .parkedInboxWaits, .parkedClaims, .listeningNames,
            .signedLocks,
            .geoDatabaseLoaded, .geoDatabaseBuiltTimestamp, .storeWritable, .storeUnwrittenPoints,
            .alertSilences, .alertsFiring,
        ]

    /// The gauge's place in ``GaugeReadings``.
    var index: Int {
        switch self {
        case .activeRooms: 0
        case .subscribers(let transport): 1 + transport.rawValue
        case .roomBufferBytes: 1 + Transport.count
        case .roomBufferLimitBytes: 2 + Transport.count
        case .roomsLimit: 3 + Transport.count
        case .openConnections: 4 + Transport.count
        case .storeBytes: 5 + Transport.count
        case .lastFlushTimestamp: 6 + Transport.count
        case .storeSetAsideTimestamp: 7 + Transport.count
        case .identities: 8 + Transport.count
        case .identitiesLimit: 9 + Transport.count
        case .profiles: 10 + Transport.count
        case .inboxMessages: 11 + Transport.count
        case .inboxBytes: 12 + Transport.count
        case .inboxLimitBytes: 13 + Transport.count
        case .parkedInboxWaits: 14 + Transport.count
        case .parkedClaims: 15 + Transport.count
        case .listeningNames: 16 + Transport.count
        case .signedLocks: 17 + Transport.count
        case .geoDatabaseLoaded: 18 + Transport.count
        case .geoDatabaseBuiltTimestamp: 19 + Transport.count
        case .storeWritable: 20 + Transport.count
        case .storeUnwrittenPoints: 21 + Transport.count
        case .alertSilences: 22 + Transport.count
        case .alertsFiring: 23 + Transport.count
        }
    }

    /// The metric this gauge belongs to.
    public var family: Family {
        switch self {
        case .activeRooms: Family("active_rooms", "Rooms that exist now.")
        case .subscribers:
            Family("subscribers", "Subscribers now, by transport; for poll: parked waits.")
        case .roomBufferBytes:
            Family("room_buffer_bytes", "Memory the rooms' recent messages are charged with.", unit: "bytes")
        case .roomBufferLimitBytes:
            Family("room_buffer_limit_bytes", "The memory fuse, ROOM_GLOBAL_MAX_BYTES.", unit: "bytes")
        case .roomsLimit: Family("rooms_limit", "The room cap, ROOMS_MAX.")
        case .openConnections: Family("open_connections", "Client connections open now.")
        case .storeBytes: Family("store_size_bytes", "The store's file and its WAL on disk.", unit: "bytes")
        case .lastFlushTimestamp:
            Family(
                "store_last_flush_timestamp_seconds",
                "When the store last took a flush, Unix time; 0: never.",
                unit: "seconds")
        case .storeSetAsideTimestamp:
            Family(
                "store_set_aside_timestamp_seconds",
                "When the store or a part of it was last set aside as unreadable, Unix time; 0: never.",
                unit: "seconds")
        case .identities: Family("identities", "Registered handles.")
        case .identitiesLimit: Family("identities_limit", "The identity cap, IDENTITIES_MAX.")
        case .profiles: Family("directory_profiles", "Profiles in the agent directory.")
        case .inboxMessages: Family("inbox_messages", "Direct messages waiting in inboxes.")
        case .inboxBytes:
            Family("inbox_bytes", "Memory the inboxes' messages are charged with.", unit: "bytes")
        case .inboxLimitBytes:
            Family("inbox_limit_bytes", "The inboxes' memory fuse, INBOX_GLOBAL_MAX_BYTES.", unit: "bytes")
        case .parkedInboxWaits: Family("parked_inbox_waits", "Long-polls parked on inboxes now.")
        case .parkedClaims: Family("parked_claims", "Claims that wait for a message now.")
        case .listeningNames: Family("listening_names", "Names kept alive by signs of life.")
        case .signedLocks: Family("signed_locks", "Rooms remembered as locked to signed senders.")
        case .geoDatabaseLoaded:
            Family("geoip_database_loaded", "Whether a country database is in use; 1 or 0.")
        case .geoDatabaseBuiltTimestamp:
            Family(
                "geoip_database_build_timestamp_seconds",
                "When the country database in use was built, Unix time; 0: none.", unit: "seconds")
        case .storeWritable: Family("store_writable", "Whether the store took the last flush; 1 or 0.")
        case .storeUnwrittenPoints:
            Family("store_unwritten_points", "Minute points in memory that the store has not taken yet.")
        case .alertSilences: Family("alert_silences", "Silences of alerts in force.")
        case .alertsFiring: Family("alerts_firing", "How many alerts fire inside the server.")
        }
    }

    /// The gauge's labels in exposition order.
    public var labels: [(key: String, value: String)] {
        if case .subscribers(let transport) = self { return [(Transport.key, transport.text)] }
        return []
    }
}

/// One reading of every gauge.
public struct GaugeReadings: Sendable {
    private var values = [Double](repeating: 0, count: Gauge.all.count)

    public init() {}

    public subscript(gauge: Gauge) -> Double {
        get { values[gauge.index] }
        set { values[gauge.index] = newValue }
    }

    /// Subscribers on streams, as the original counts `active_subs`: parked waits are not among them.
    public var activeSubscribers: Int { Int(self[.subscribers(.sse)] + self[.subscribers(.ws)]) }
}

/// A part of the server that knows the present value of some gauges.
public protocol GaugeSource: Sendable {
    /// Fills in the gauges this source knows.
    func read(into readings: inout GaugeReadings)
}
