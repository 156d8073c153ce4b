import SQLite

/// The ranges of the original.
extension History {
    /// The columns of the original's series.
    static let originalStats: [StoredStat] = [.messages, .rooms, .bugs, .peakRooms, .peakSubs]

    /// The columns of the original and of `metrics`, each once: one that is read twice would count twice.
    static func columns(_ metrics: [SeriesMetric]) -> [StoredStat] {
        var seen = Set(originalStats)
        return originalStats + metrics.flatMap(\.stats).filter { seen.insert($0).inserted }
    }

    /// The series of a range with the original's bucket widths and baseline rule.
    /// - Parameters:
    ///   - metrics: what is asked for besides the original's columns.
    ///   - now: Unix ms.
    public func series(
        _ range: SeriesRange, metrics: [SeriesMetric] = [], now: Int64
    ) async throws -> SeriesAnswer {
        let stats = Self.columns(metrics)
        return try await read { connection in
            let available = try Self.availableSince(connection)
            let requested = range.span.map { now - $0 } ?? available
            let source: SeriesAnswer.Source = range.minuteBucket != nil ? .minute : .hourly
            let bucket = range.minuteBucket ?? Self.hourlyBucket(range, available: available, now: now)
            guard let available else {
                return SeriesAnswer(
                    range: range, source: source, bucket: bucket, baseline: nil, requestedSince: requested,
                    availableSince: nil, partial: false, points: [])
            }
            let since = max(requested ?? available, available)
            let points: [Point]
            switch source {
            case .minute:
                points = try PointTable.minutes.buckets(
                    connection, stats, from: since, bucket: Self.fold(bucket, native: minuteMilliseconds))
            case .hourly where try bucket >= dayMilliseconds && Self.daysReachBack(connection):
                // Days hold what their hours do, in a twenty-fourth of the rows.
                points = try PointTable.utcDays.buckets(
                    connection, stats, from: floorTo(dayMilliseconds, since),
                    bucket: Self.fold(bucket, native: dayMilliseconds))
            default:
                // An hour's last sample is less than an hour after its start: the key finds the rows.
                points = try PointTable.hours.buckets(
                    connection, stats, from: since - hourMilliseconds, sampledSince: since,
                    bucket: Self.fold(bucket, native: hourMilliseconds))
            }
            let reachesBack = requested.map { $0 <= available } ?? true
            let (based, baseline) = reachesBack ? Self.withBaseline(points) : (points, .init())
            return SeriesAnswer(
                range: range, source: source, bucket: bucket, baseline: baseline, requestedSince: requested,
                availableSince: available, partial: requested.map { available > $0 } ?? false, points: based)
        }
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

    private static func daysReachBack(_ connection: Connection) throws -> Bool {
        guard let day = try PointTable.utcDays.oldest(connection) else { return false }
        return try PointTable.hours.oldest(connection).map { day <= $0 } ?? true
    }

    /// Buckets aligned to the UTC epoch; points as fine as the bucket stay as they are.
    static func fold(_ width: Int64, native: Int64) -> ((Int64) -> Int64)? {
        width > native ? { floorTo(width, $0) } : nil
    }

    /// Puts what was counted before the retained history on the first point, so that the points add up to
    /// the newest total.
    static func withBaseline(_ points: [Point]) -> ([Point], SeriesAnswer.Baseline) {
        var baseline = SeriesAnswer.Baseline()
        guard !points.isEmpty else { return (points, baseline) }
        func missing(_ total: (Point) -> Int64?, _ stat: StoredStat) -> Int64 {
            guard let newest = points.reversed().lazy.compactMap(total).first else { return 0 }
            return max(0, newest &- points.reduce(0) { $0 &+ $1[stat] })
        }
        baseline.messages = missing(\.messagesTotal, .messages)
        baseline.rooms = missing(\.roomsTotal, .rooms)
        baseline.bugs = missing(\.bugsTotal, .bugs)
        var based = points
        based[0][.messages] = boundedSum(based[0][.messages], baseline.messages)
        based[0][.rooms] = boundedSum(based[0][.rooms], baseline.rooms)
        based[0][.bugs] = boundedSum(based[0][.bugs], baseline.bugs)
        return (based, baseline)
    }
}
