import SQLite

/// Reads the points back: for the JSON of the original's wire format and for the dashboard.
public struct History: Sendable {
    private let database: Database

    public init(store: Store) { database = store.database }

    /// The newest minute points, oldest first.
    public func recentMinutes(_ limit: Int) async throws -> [Point] {
        try await database.read { try PointTable.minutes.newest($0, limit: limit) }
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
        try await database.read { connection in
            let points = try PointTable.minutes.newest(connection, limit: limit)
            var totals: [OriginalTotal: Int64] = [:]
            for total in OriginalTotal.allCases {
                totals[total] = try total.counters.reduce(0) { sum, counter in
                    let name = SlotTable.names[counter.slot]
                    return try sum
                        + (connection.integer("SELECT value FROM totals WHERE series = ?", .text(name)) ?? 0)
                }
            }
            return Recent(points: points, totals: totals, availableSince: try Self.availableSince(connection))
        }
    }

    /// The start of the oldest retained point, Unix ms.
    public func availableSince() async throws -> Int64? {
        try await database.read { try Self.availableSince($0) }
    }

    /// Minute points folded by UTC hour, the last 24 hours filled with empty points, as the original's
    /// `/api/metrics/hourly` does.
    /// - Parameter now: Unix ms.
    public func hourly(now: Int64) async throws -> [Point] {
        let minutes = try await database.read { try PointTable.minutes.points($0, from: .min) }
        var hours: [Int64: Point] = [:]
        for point in minutes {
            let start = floorTo(hourMilliseconds, point.t)
            hours[start, default: Point(t: start)].merge(point)
        }
        let current = floorTo(hourMilliseconds, now)
        for back in 0..<24 {
            let start = current - Int64(back) * hourMilliseconds
            if hours[start] == nil { hours[start] = Point(t: start) }
        }
        return hours.values.sorted { $0.t < $1.t }
    }

    /// The series of a range with the original's bucket widths and baseline rule.
    /// - Parameter now: Unix ms.
    public func series(_ range: SeriesRange, now: Int64) async throws -> SeriesAnswer {
        try await database.read { connection in
            let available = try Self.availableSince(connection)
            let requested = range.span.map { now - $0 } ?? available
            guard let available else {
                return SeriesAnswer(
                    range: range, source: range.minuteBucket == nil ? .hourly : .minute,
                    bucket: range.minuteBucket ?? Self.hourlyBucket(range, available: nil, now: now),
                    baseline: nil, requestedSince: requested, availableSince: nil, partial: false, points: [])
            }
            let since = max(requested ?? available, available)
            let (points, bucket, source): ([Point], Int64, SeriesAnswer.Source)
            if let width = range.minuteBucket {
                (bucket, source) = (width, .minute)
                points = Self.bucketed(
                    try PointTable.minutes.points(connection, from: since), width, native: minuteMilliseconds)
            } else {
                (bucket, source) = (Self.hourlyBucket(range, available: available, now: now), .hourly)
                points = Self.bucketed(
                    try PointTable.hours.points(connection, sampledSince: since), bucket,
                    native: hourMilliseconds)
            }
            let reachesBack = requested.map { $0 <= available } ?? true
            let (based, baseline) = reachesBack ? Self.withBaseline(points) : (points, .init())
            return SeriesAnswer(
                range: range, source: source, bucket: bucket, baseline: baseline, requestedSince: requested,
                availableSince: available, partial: requested.map { available > $0 } ?? false, points: based)
        }
    }

    private static func availableSince(_ connection: Connection) throws -> Int64? {
        let starts = [
            try PointTable.hours.oldest(connection), try PointTable.minutes.oldest(connection),
        ]
        return starts.compactMap { $0 }.min()
    }

    /// Bucket widths of the original for ranges drawn from hours.
    static func hourlyBucket(_ range: SeriesRange, available: Int64?, now: Int64) -> Int64 {
        let span =
            range.span
            ?? available.map { max(hourMilliseconds, now - $0) }
            ?? 31 * dayMilliseconds
        if span <= 8 * dayMilliseconds { return hourMilliseconds }
        if span <= 180 * dayMilliseconds { return 6 * hourMilliseconds }
        if span <= 365 * dayMilliseconds { return dayMilliseconds }
        return 7 * dayMilliseconds
    }

    /// Folds points into buckets aligned to the UTC epoch; points as fine as the bucket stay as they are.
    static func bucketed(_ points: [Point], _ width: Int64, native: Int64) -> [Point] {
        guard width > native else { return points }
        var buckets: [Point] = []
        for point in points {
            let start = floorTo(width, point.t)
            if buckets.last?.t != start { buckets.append(Point(t: start)) }
            buckets[buckets.count - 1].merge(point)
        }
        return buckets
    }

    /// Puts what was counted before the retained history on the first point, so that the points add up to
    /// the newest total.
    static func withBaseline(_ points: [Point]) -> ([Point], SeriesAnswer.Baseline) {
        var baseline = SeriesAnswer.Baseline()
        guard !points.isEmpty else { return (points, baseline) }
        func missing(_ total: (Point) -> Int64?, _ stat: StoredStat) -> Int64 {
            guard let newest = points.reversed().lazy.compactMap(total).first else { return 0 }
            return max(0, newest - points.reduce(0) { $0 + $1[stat] })
        }
        baseline.messages = missing(\.messagesTotal, .messages)
        baseline.rooms = missing(\.roomsTotal, .rooms)
        baseline.bugs = missing(\.bugsTotal, .bugs)
        var based = points
        based[0][.messages] += baseline.messages
        based[0][.rooms] += baseline.rooms
        based[0][.bugs] += baseline.bugs
        return (based, baseline)
    }
}
