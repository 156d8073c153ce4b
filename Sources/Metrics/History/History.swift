import SQLite

/// Reads the points back: for the JSON of the original's wire format and for the dashboard.
public struct History: Sendable {
    let store: Store
    let meter: Meter

    init(store: Store, meter: Meter) {
        self.store = store
        self.meter = meter
    }

    /// Runs `body` on the reader's queue; a damaged page is remembered for the next flush to look at.
    func read<T: Sendable>(_ body: @escaping @Sendable (Connection) throws -> T) async throws -> T {
        do {
            return try await store.database.read(body)
        } catch let error as SQLiteError where error.isUnreadable {
            store.isSuspect.store(true, ordering: .relaxed)
            throw error
        }
    }

    /// The newest minute points, oldest first.
    public func recentMinutes(_ limit: Int) async throws -> [Point] {
        try await read { try PointTable.minutes.newest($0, limit: limit) }
    }

    /// Minute points with what every total stood at when the newest of them was written.
    public struct Recent: Sendable {
        public let points: [Point]
        public let totals: [OriginalTotal: Int64]
        /// The start of the oldest retained point, Unix ms.
        public let availableSince: Int64?
    }

    /// The newest minute points, oldest first, with the totals they led to.
    public func recent(_ limit: Int) async throws -> Recent {
        try await read { connection in
            let points = try PointTable.minutes.newest(connection, limit: limit)
            let stored = try SeriesTotals.read(connection)
            var totals: [OriginalTotal: Int64] = [:]
            for total in OriginalTotal.allCases {
                totals[total] = total.slots.reduce(0) {
                    $0 &+ Int64(clamping: stored[SlotTable.names[$1]] ?? 0)
                }
            }
            return Recent(points: points, totals: totals, availableSince: try Self.availableSince(connection))
        }
    }

    /// The start of the oldest retained point, Unix ms.
    public func availableSince() async throws -> Int64? {
        try await read { try Self.availableSince($0) }
    }

    /// Days begin before the hours that they are made of: they only count where they reach further back.
    static func availableSince(_ connection: Connection) throws -> Int64? {
        let finer = [try PointTable.hours.oldest(connection), try PointTable.minutes.oldest(connection)]
            .compactMap { $0 }.min()
        guard let day = try PointTable.utcDays.oldest(connection) else { return finer }
        guard let finer else { return day }
        return day < floorTo(dayMilliseconds, finer) ? day : finer
    }

    /// Minute points folded by UTC hour, the last 24 hours filled with empty points, as the original's
    /// `/api/metrics/hourly` does.
    /// - Parameter now: Unix ms.
    public func hourly(now: Int64) async throws -> [Point] {
        let stats: [StoredStat] = [.messages, .rooms, .bugs, .peakRooms, .peakSubs]
        let folded = try await read {
            try PointTable.minutes.buckets($0, stats, from: .min) { floorTo(hourMilliseconds, $0) }
        }
        var hours = Dictionary(folded.map { ($0.t, $0) }) { $1 }
        let current = floorTo(hourMilliseconds, now)
        for back in 0..<24 {
            let start = current - Int64(back) * hourMilliseconds
            if hours[start] == nil { hours[start] = Point(t: start) }
        }
        return hours.values.sorted { $0.t < $1.t }
    }
}
