import SQLite

/// Reads and writes the points of one table.
struct PointTable {
    let name: String

    static let minutes = PointTable(name: "minutes")
    static let hours = PointTable(name: "hours")

    private static let columns =
        ["t", "last_t", "samples", "messages_total", "rooms_total", "bugs_total"]
        + StoredStat.allCases.map(\.rawValue)
    private static let columnList = columns.joined(separator: ", ")

    /// Points with `t` in `range` (half open), oldest first.
    func points(_ connection: Connection, from: Int64, until: Int64 = .max) throws -> [Point] {
        try connection.query(
            "SELECT \(Self.columnList) FROM \(name) WHERE t >= ? AND t < ? ORDER BY t",
            [.integer(from), .integer(until)], read: Self.point)
    }

    /// Points whose last sample is at or after `since`, oldest first.
    func points(_ connection: Connection, sampledSince since: Int64) throws -> [Point] {
        // An hour's last sample is less than an hour after its start: the key finds the rows.
        try points(connection, from: since - hourMilliseconds).filter { max($0.lastT, $0.t) >= since }
    }

    /// The newest `limit` points, oldest first.
    func newest(_ connection: Connection, limit: Int) throws -> [Point] {
        try connection.query(
            "SELECT \(Self.columnList) FROM \(name) ORDER BY t DESC LIMIT ?", [.integer(Int64(limit))],
            read: Self.point
        ).reversed()
    }

    /// The start of the oldest point.
    func oldest(_ connection: Connection) throws -> Int64? {
        try connection.integer("SELECT min(t) FROM \(name)")
    }

    /// Folds `point` into the point that shares its bucket of `width` ms, or adds it.
    /// - Parameter key: the row's `t` afterwards.
    func fold(_ connection: Connection, _ point: Point, key: Int64, width: Int64) throws {
        let start = floorTo(width, key)
        var merged = Point(t: key)
        if let known = try points(connection, from: start, until: start + width).last {
            merged = known
            try connection.execute("DELETE FROM \(name) WHERE t = ?", .integer(known.t))
        }
        merged.merge(point)
        merged.t = max(key, merged.t)
        // Totals only grow: the newest reading is right even when the clock was set back.
        merged.messagesTotal = point.messagesTotal ?? merged.messagesTotal
        merged.roomsTotal = point.roomsTotal ?? merged.roomsTotal
        merged.bugsTotal = point.bugsTotal ?? merged.bugsTotal
        try write(connection, merged)
    }

    func write(_ connection: Connection, _ point: Point) throws {
        let marks = Self.columns.map { _ in "?" }.joined(separator: ", ")
        func optional(_ value: Int64?) -> Value { value.map { .integer($0) } ?? .null }
        var values: [Value] = [
            .integer(point.t), .integer(point.lastT), .integer(point.samples),
            optional(point.messagesTotal), optional(point.roomsTotal), optional(point.bugsTotal),
        ]
        for stat in StoredStat.allCases { values.append(.integer(point[stat])) }
        try connection.prepare("INSERT OR REPLACE INTO \(name) (\(Self.columnList)) VALUES (\(marks))").run(
            values)
    }

    /// Removes at most `limit` points older than `cutoff`, so that one flush never does a year's pruning.
    func prune(_ connection: Connection, before cutoff: Int64, limit: Int = 1_000) throws {
        try connection.execute(
            "DELETE FROM \(name) WHERE t IN (SELECT t FROM \(name) WHERE t < ? ORDER BY t LIMIT ?)",
            .integer(cutoff), .integer(Int64(limit)))
    }

    private static func point(_ row: Row) -> Point {
        var point = Point(t: row.integer(0) ?? 0, lastT: row.integer(1) ?? 0, samples: row.integer(2) ?? 0)
        point.messagesTotal = row.integer(3)
        point.roomsTotal = row.integer(4)
        point.bugsTotal = row.integer(5)
        for (index, stat) in StoredStat.allCases.enumerated() {
            point[stat] = row.integer(Int32(6 + index)) ?? 0
        }
        return point
    }
}

let minuteMilliseconds: Int64 = 60_000
let hourMilliseconds: Int64 = 3_600_000
let dayMilliseconds: Int64 = 86_400_000

/// The multiple of `width` at or below `t`.
func floorTo(_ width: Int64, _ t: Int64) -> Int64 {
    let remainder = t % width
    return t - (remainder < 0 ? remainder + width : remainder)
}
