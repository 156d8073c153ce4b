/// The minutes that the rules look back on, in memory: an alert about the store can't depend on the store.
///
/// The columns of ratios reach back three days, everything else an hour.
struct AlertSeries: Sendable {
    /// What ratios are made of.
    static let longColumns: [StoredStat] = [.http5xx, .overCapacityDashboard, .httpRequests]
    static let longMilliseconds = 3 * dayMilliseconds
    static let recentMilliseconds = hourMilliseconds + minuteMilliseconds

    /// One minute of ``longColumns``.
    struct Minute: Sendable {
        var t: Int64
        var counts: (Int64, Int64, Int64)
    }

    private var long: [Minute]
    private var recent: [Point]
    /// Counts of limits within the same quarters of an hour before, by how many minutes ago.
    var before: [Int: [StoredStat: Int64]] = [:]

    /// - Parameters:
    ///   - long: oldest first.
    ///   - recent: whole points, oldest first.
    init(long: [Minute] = [], recent: [Point] = []) {
        self.long = long
        self.recent = recent
    }

    /// The newest sample.
    var newest: Point? { recent.last }

    mutating func add(_ point: Point) {
        // Points of a clock that has been set back since would never grow old.
        long.removeAll { $0.t > point.t }
        recent.removeAll { $0.t > point.t }
        long.append(
            Minute(t: point.t, counts: (point[.http5xx], point[.overCapacityDashboard], point[.httpRequests]))
        )
        recent.append(point)
        long.removeFirst(long.prefix { $0.t <= point.t - Self.longMilliseconds }.count)
        recent.removeFirst(recent.prefix { $0.t <= point.t - Self.recentMilliseconds }.count)
    }

    /// What a column counted within the minutes up to the newest sample.
    func count(_ stat: StoredStat, minutes: Int) -> Int64 {
        guard let until = newest?.t else { return 0 }
        let from = until - Int64(minutes) * minuteMilliseconds
        if minutes <= 60 {
            return recent.reduce(0) { $1.t > from && $1.t <= until ? boundedSum($0, $1[stat]) : $0 }
        }
        guard let place = Self.longColumns.firstIndex(of: stat) else { return 0 }
        return long.reduce(0) { sum, minute in
            guard minute.t > from, minute.t <= until else { return sum }
            let (errors, disabled, requests) = minute.counts
            return boundedSum(sum, place == 0 ? errors : place == 1 ? disabled : requests)
        }
    }
}

extension History {
    /// What the rules look back on, as the store has it.
    /// - Parameter now: Unix ms.
    func alertSeries(now: Int64) async throws -> AlertSeries {
        try await read { connection in
            let columns = AlertSeries.longColumns.map(\.rawValue).joined(separator: ", ")
            let long = try connection.query(
                "SELECT t, \(columns) FROM minutes WHERE t > ? AND t <= ? ORDER BY t",
                [.integer(now - AlertSeries.longMilliseconds), .integer(now)]
            ) { row in
                AlertSeries.Minute(
                    t: row.integer(0) ?? 0,
                    counts: (row.integer(1) ?? 0, row.integer(2) ?? 0, row.integer(3) ?? 0))
            }
            let recent = try PointTable.minutes.points(
                connection, from: now - AlertSeries.recentMilliseconds, until: now + 1)
            return AlertSeries(long: long, recent: recent)
        }
    }

    /// What columns counted within the minutes up to `until`, Unix ms.
    func sums(_ stats: [StoredStat], minutes: Int, until: Int64) async throws -> [StoredStat: Int64] {
        let columns = stats.map { "sum(\($0.rawValue))" }.joined(separator: ", ")
        return try await read { connection in
            let rows = try connection.query(
                "SELECT \(columns) FROM minutes WHERE t > ? AND t <= ?",
                [.integer(until - Int64(minutes) * minuteMilliseconds), .integer(until)]
            ) { row in stats.indices.map { row.integer(Int32($0)) ?? 0 } }
            return Dictionary(uniqueKeysWithValues: zip(stats, rows.first ?? []))
        }
    }
}
