/// What a point holds: one column each in the store. At most 150.
///
/// Every counter is part of a column and every gauge is one, so that each has a history.
public enum StoredStat: String, CaseIterable, Sendable {
    // Counted within the point's time.
    case messages, bytes, rooms, bugs
    // Highest values within the point's time. Up here, since SQLite reads a row only as far as it must and the
    // original's series are made of these six.
    case peakRooms = "peak_rooms"
    case peakSubs = "peak_subs"
    // Quantiles of the minute, in µs; of longer times that of the worst minute.
    case requestP50 = "request_p50_us"
    case requestP95 = "request_p95_us"
    case requestP99 = "request_p99_us"
    case deliveryP99 = "delivery_p99_us"
    // Counted again.
    case messagesWS = "messages_ws"
    case messageBytes = "message_bytes"
    case roomsEvicted = "rooms_evicted"
    case httpPosts = "http_posts"
    case httpRequests = "http_requests"
    case httpMethods = "http_methods"
    case requestsTimed = "requests_timed"
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
    case longpollOtherEnds = "longpoll_other_ends"
    case longpollDisconnects = "longpoll_disconnects"
    case transportBrowser = "transport_browser"
    case transportAgent = "transport_agent"
    case deliveriesSSE = "deliveries_sse"
    case deliveriesWS = "deliveries_ws"
    case deliveriesPoll = "deliveries_poll"
    case deliveriesDropped = "deliveries_dropped"
    case slowDisconnects = "slow_disconnects"
    // 429 by reason, and how many met each limit.
    case limitedRoomRate = "limited_room_rate"
    case limitedClientRate = "limited_client_rate"
    case limitedStreamsPerClient = "limited_streams_per_client"
    case limitedWaitersPerClient = "limited_waiters_per_client"
    case limitedWaitersPerRoom = "limited_waiters_per_room"
    case limitedLoginAttempts = "limited_login_attempts"
    case limitedRegisterRate = "limited_register_rate"
    case limitedDmRate = "limited_dm_rate"
    case limitedAuthRate = "limited_auth_rate"
    case limitedProfileRate = "limited_profile_rate"
    case limitedDirectoryRate = "limited_directory_rate"
    case limitedReportRate = "limited_report_rate"
    case limitedContactRate = "limited_contact_rate"
    case limitedListeningRate = "limited_listening_rate"
    case limitedWaitersPerHandle = "limited_waiters_per_handle"
    case limitedListeningNames = "limited_listening_names"
    case limitedReplayCache = "limited_replay_cache"
    case limitedInboxFull = "limited_inbox_full"
    case clientsRoomRate = "limited_clients_room_rate"
    case clientsClientRate = "limited_clients_client_rate"
    case clientsStreamsPerClient = "limited_clients_streams_per_client"
    case clientsWaitersPerClient = "limited_clients_waiters_per_client"
    case clientsWaitersPerRoom = "limited_clients_waiters_per_room"
    case clientsLoginAttempts = "limited_clients_login_attempts"
    case clientsRegisterRate = "limited_clients_register_rate"
    case clientsDmRate = "limited_clients_dm_rate"
    case clientsAuthRate = "limited_clients_auth_rate"
    case clientsProfileRate = "limited_clients_profile_rate"
    case clientsDirectoryRate = "limited_clients_directory_rate"
    case clientsReportRate = "limited_clients_report_rate"
    case clientsContactRate = "limited_clients_contact_rate"
    case clientsListeningRate = "limited_clients_listening_rate"
    case clientsWaitersPerHandle = "limited_clients_waiters_per_handle"
    case clientsListeningNames = "limited_clients_listening_names"
    case clientsReplayCache = "limited_clients_replay_cache"
    case clientsInboxFull = "limited_clients_inbox_full"
    case overCapacity = "over_capacity"
    case overCapacityDashboard = "over_capacity_dashboard"
    case malformedRequests = "malformed_requests"
    case contacts
    case logins
    case loginsRefused = "logins_refused"
    case admissions = "admissions_granted"
    case admissionsOther = "admissions_other"
    case identitiesRegistered = "identities_registered"
    case identitiesUpdated = "identities_updated"
    case identitiesForgotten = "identities_forgotten"
    case recordsRefused = "records_refused"
    case signaturesAccepted = "signatures_accepted"
    case signaturesRefused = "signatures_refused"
    case signaturesCacheFull = "signatures_cache_full"
    case directMessages = "direct_messages"
    case directMessageBytes = "direct_message_bytes"
    case inboxWaits = "inbox_waits"
    case inboxRemovals = "inbox_removals"
    case claims
    case claimsOther = "claims_other"
    case roomsLocked = "rooms_locked"
    case listening
    case directoryEvents = "directory_events"
    case operatorMessages = "operator_messages_delivered"
    case operatorMessagesFailed = "operator_messages_failed"
    case pageVisits = "page_visits"
    case visitsUnknown = "page_visits_unknown"
    case cloudflareHeadersIgnored = "cloudflare_headers_ignored"
    case storeFlushes = "store_flushes_ok"
    case storeFlushesFailed = "store_flushes_failed"
    case storeSetAside = "store_set_aside"
    case processStarts = "process_starts"
    case uncleanShutdowns = "unclean_shutdowns"
    case missedSamples = "missed_samples"
    case alertsFired = "alerts_fired"
    case alertsResolved = "alerts_resolved"
    case alertEvaluations = "alert_evaluations_ok"
    case alertEvaluationsFailed = "alert_evaluations_failed"
    // Values at the time of the sample.
    case activeRooms = "active_rooms"
    case activeSubs = "active_subs"
    case subscribersSSE = "subs_sse"
    case subscribersWS = "subs_ws"
    case waiters = "waiters"
    case roomBufferBytes = "room_buffer_bytes"
    case roomBufferLimitBytes = "room_buffer_limit_bytes"
    case roomsLimit = "rooms_limit"
    case openConnections = "open_connections"
    case storeBytes = "store_size_bytes"
    case lastFlushTimestamp = "store_last_flush_timestamp_seconds"
    case storeSetAsideTimestamp = "store_set_aside_timestamp_seconds"
    case identities
    case identitiesLimit = "identities_limit"
    case profiles = "directory_profiles"
    case inboxMessages = "inbox_messages"
    case inboxBytes = "inbox_bytes"
    case inboxLimitBytes = "inbox_limit_bytes"
    case parkedInboxWaits = "parked_inbox_waits"
    case parkedClaims = "parked_claims"
    case listeningNames = "listening_names"
    case signedLocks = "signed_locks"
    case geoDatabaseLoaded = "geoip_database_loaded"
    case geoDatabaseBuilt = "geoip_database_build_timestamp_seconds"
    case storeWritable = "store_writable"
    case storeUnwrittenPoints = "store_unwritten_points"
    case alertSilences = "alert_silences"
    case alertsFiring = "alerts_firing"
    case residentBytes = "resident_bytes"

    /// Where a value comes from, and with it how values of two points become one.
    public enum Kind: Sendable {
        /// Counted: the sum.
        case count([Counter])
        /// Observations of histograms: the sum.
        case observations([Histogram])
        /// Read at the sample, several gauges added: the later one.
        case gauge([Gauge])
        /// The process's memory at the sample, bytes: the later one.
        case resident
        /// The highest.
        case peak(Peak)
        /// What a share of a minute's observations stayed below, µs: the highest.
        case quantile(Quantile)
    }

    /// How two values of the column become one.
    enum Folding: String { case sum, later, highest }

    /// The folding of every column, in order; asked for once a row, so worked out once.
    static let folding: [Folding] = sources.map {
        switch $0 {
        case .slots: .sum
        case .gauge, .resident: .later
        case .peak, .quantile: .highest
        }
    }

    /// Where a sample reads a column's value.
    enum Source {
        case slots([Int])
        case gauge([Gauge])
        case resident
        case peak(Peak)
        case quantile(Quantile)
    }

    /// The source of every column, in order.
    static let sources: [Source] = allCases.map {
        switch $0.kind {
        case .count(let counters): .slots(counters.map(\.slot))
        case .observations(let histograms): .slots(histograms.flatMap { $0.countSlots })
        case .gauge(let gauges): .gauge(gauges)
        case .resident: .resident
        case .peak(let peak): .peak(peak)
        case .quantile(let quantile): .quantile(quantile)
        }
    }

    static let indices = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
    public var index: Int { Self.indices[self, default: 0] }
}
