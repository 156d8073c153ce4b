import SQLite

/// Reads and writes the points of one table.
struct PointTable: Sendable {
    let name: String
    /// The zone of a day; nil for minutes and hours.
    let zone: String?

    static let minutes = PointTable(name: "minutes", zone: nil)
    static let hours = PointTable(name: "hours", zone: nil)
    /// Days of a time zone, by its name in the tz database.
    static func days(_ zone: String) -> PointTable { PointTable(name: "days", zone: zone) }
    static let utcDays = days(LocalDays.utcName)

    private static let fixed = ["t", "last_t", "samples", "messages_total", "rooms_total", "bugs_total"]
    private static let columns = fixed + StoredStat.allCases.map(\.rawValue)
    private static let columnList = columns.joined(separator: ", ")
    private static let marks = columns.map { _ in "?" }.joined(separator: ", ")

    private var ours: String { zone == nil ? "" : "zone = ? AND " }
    private func values(_ more: Value...) -> [Value] { (zone.map { [.text($0)] } ?? []) + more }

    /// The bounds of a query, within what times can be.
    private func times(_ from: Int64 = -timeMax, _ until: Int64 = timeMax) -> [Value] {
        values(.integer(max(from, -timeMax)), .integer(min(until, timeMax)))
    }

    // MARK: Reading

    /// Points with `t` in `from ..< until`, oldest first, with all columns.
    func points(_ connection: Connection, from: Int64 = -timeMax, until: Int64 = timeMax) throws
        -> [Point]
    {
        try connection.query(
            "SELECT \(Self.columnList) FROM \(name) WHERE \(ours)t >= ? AND t < ? ORDER BY t",
            times(from, until), read: Self.point)
    }

    /// The newest `limit` points, oldest first.
    func newest(_ connection: Connection, limit: Int) throws -> [Point] {
        try connection.query(
            """
            SELECT \(Self.columnList) FROM \(name)
            WHERE \(ours)t >= ? AND t < ? ORDER BY t DESC LIMIT ?
            """, times() + [.integer(Int64(limit))], read: Self.point
        ).reversed()
    }

    /// The start of the oldest point.
    func oldest(_ connection: Connection) throws -> Int64? {
        try connection.query(
            "SELECT t FROM \(name) WHERE \(ours)t >= ? AND t < ? ORDER BY t LIMIT 1", times()
        ) { $0.integer(0) }.first ?? nil
    }

    /// The time of the newest point but `skipping`.
    func newestTime(_ connection: Connection, skipping: Int = 0) throws -> Int64? {
        try connection.query(
            "SELECT t FROM \(name) WHERE \(ours)t >= ? AND t < ? ORDER BY t DESC LIMIT 1 OFFSET ?",
            times() + [.integer(Int64(skipping))]
        ) { $0.integer(0) }.first ?? nil
    }

    /// Points folded into buckets, oldest first, with these columns alone.
    /// - Parameters:
    ///   - sampledSince: leaves out points whose last sample is older.
    ///   - bucket: the start of the bucket that a time belongs to; nil keeps every point as it is.
    func buckets(
        _ connection: Connection, _ stats: [StoredStat], from: Int64, until: Int64 = timeMax,
        sampledSince: Int64 = .min, bucket: ((Int64) -> Int64)?
    ) throws -> [Point] {
        let columns = (Self.fixed + stats.map(\.rawValue)).joined(separator: ", ")
        let indices = stats.map(\.index)
        var buckets: [Point] = []
        let sql = "SELECT \(columns) FROM \(name) WHERE \(ours)t >= ? AND t < ? ORDER BY t"
        try connection.prepare(sql).forEach(times(from, until)) { row in
            let t = row.integer(0) ?? 0
            let stored = row.integer(1) ?? 0
            let last = stored == 0 ? t : stored
            guard last >= sampledSince else { return }
            let start = bucket?(t) ?? t
            if bucket == nil || buckets.last?.t != start { buckets.append(Point(t: start)) }
            let samples = boundedCount(row.integer(2) ?? 0)
            buckets[buckets.count - 1].take(
                row, indices, last: last, samples: bucket == nil ? samples : max(1, samples))
        }
        return buckets
    }

    private static func point(_ row: Row) -> Point {
        var point = Point(
            t: row.integer(0) ?? 0, lastT: row.integer(1) ?? 0, samples: boundedCount(row.integer(2) ?? 0))
        point.messagesTotal = row.integer(3).map(boundedCount)
        point.roomsTotal = row.integer(4).map(boundedCount)
        point.bugsTotal = row.integer(5).map(boundedCount)
        for index in StoredStat.allCases.indices {
            point[index: index] = boundedCount(row.integer(Int32(fixed.count + index)) ?? 0)
        }
        return point
    }

    // MARK: Writing

    /// Folds `point` into the point that lies in `bucket`, or adds it with `key` as its time.
    func fold(_ connection: Connection, _ point: Point, key: Int64, in bucket: Range<Int64>) throws {
        var merged = Point(t: key)
        if let known = try points(connection, from: bucket.lowerBound, until: bucket.upperBound).last {
            merged = known
            if known.t < key {
                try connection.execute("DELETE FROM \(name) WHERE \(ours)t = ?", values(.integer(known.t)))
            }
        }
        merged.merge(point)
        merged.t = max(key, merged.t)
        // Totals only grow: the newest reading is right even when the clock was set back.
        merged.messagesTotal = point.messagesTotal ?? merged.messagesTotal
        merged.roomsTotal = point.roomsTotal ?? merged.roomsTotal
        merged.bugsTotal = point.bugsTotal ?? merged.bugsTotal
        try write(connection, merged)
    }

    /// Writes the point in place of one at the same time.
    func write(_ connection: Connection, _ point: Point) throws {
        try put(connection, point, "INSERT OR REPLACE")
    }

    /// Writes the point unless there is one at the same time.
    func writeIfNew(_ connection: Connection, _ point: Point) throws -> Bool {
        try put(connection, point, "INSERT OR IGNORE")
        return try connection.integer("SELECT changes()") == 1
    }

    private func put(_ connection: Connection, _ point: Point, _ verb: String) throws {
        func optional(_ value: Int64?) -> Value { value.map { .integer($0) } ?? .null }
        var values: [Value] = [
            .integer(point.t), .integer(point.lastT), .integer(point.samples),
            optional(point.messagesTotal), optional(point.roomsTotal), optional(point.bugsTotal),
        ]
        values.reserveCapacity(Self.columns.count + 2)
        for index in StoredStat.allCases.indices { values.append(.integer(point[index: index])) }
        var (more, moreMarks) = ("", "")
        if let zone {
            (more, moreMarks) = (", zone, day", ", ?, ?")
            values += [.text(zone), .text(LocalDays(zone).name(of: point.t))]
        }
        try connection.execute(
            "\(verb) INTO \(name) (\(Self.columnList)\(more)) VALUES (\(Self.marks)\(moreMarks))", values)
    }

    /// Removes at most `limit` points older than `cutoff`, so that one flush never does a year's pruning.
    /// - Parameter slack: waits until the oldest is that much too old, ms: many at once cost hardly more pages
    ///   than one does.
    func prune(_ connection: Connection, before cutoff: Int64, slack: Int64 = 0, limit: Int = 1_000) throws {
        guard let oldest = try oldest(connection), oldest < cutoff - slack else { return }
        try connection.execute(
            """
            DELETE FROM \(name) WHERE \(ours)t <= (SELECT max(t) FROM (
                SELECT t FROM \(name) WHERE \(ours)t < ? ORDER BY t LIMIT ?))
            """, values() + values(.integer(cutoff), .integer(Int64(limit))))
    }
}

extension Point {
    /// Takes in a row of the fixed columns and then those of `indices`.
    fileprivate mutating func take(_ row: Row, _ indices: [Int], last: Int64, samples: Int64) {
        let isLater = beginMerge(lastT: last, samples: samples)
        if isLater {
            messagesTotal = row.integer(3).map(boundedCount) ?? messagesTotal
            roomsTotal = row.integer(4).map(boundedCount) ?? roomsTotal
            bugsTotal = row.integer(5).map(boundedCount) ?? bugsTotal
        }
        for (column, index) in indices.enumerated() {
            merge(boundedCount(row.integer(Int32(6 + column)) ?? 0), at: index, isLater: isLater)
        }
    }
}

let minuteMilliseconds: Int64 = 60_000
let hourMilliseconds: Int64 = 3_600_000
let dayMilliseconds: Int64 = 86_400_000

/// The multiple of `width` at or below `t`.
func floorTo(_ width: Int64, _ t: Int64) -> Int64 {
    let remainder = t % width
    let below = remainder < 0 ? remainder + width : remainder
    let (floor, overflow) = t.subtractingReportingOverflow(below)
    return overflow ? .min : floor
}
