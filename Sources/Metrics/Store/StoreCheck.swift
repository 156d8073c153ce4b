public import SQLite

/// Whether a store is whole and its numbers agree: minutes with hours, hours with days, running totals of
/// countries with their visits.
public struct StoreCheck: Sendable {
    /// What an operator should do something about.
    public private(set) var faults: [String] = []
    /// What is there, and what is missing because nobody was counting.
    public private(set) var notes: [String] = []

    private static let faultsMax = 20

    /// Reads everything in one transaction, so that a server may go on writing.
    /// - Throws: ``SQLiteError`` when not even that is possible.
    public init(_ connection: Connection) throws {
        try connection.run("BEGIN")
        defer { try? connection.run("ROLLBACK") }
        let messages = try connection.query("PRAGMA integrity_check(\(Self.faultsMax))") { $0.text(0) ?? "" }
        faults += messages.filter { $0 != "ok" }.map { "integrity: \($0)" }
        let tables = Set(
            try connection.query("SELECT name FROM sqlite_master WHERE type = 'table'") { $0.text(0) ?? "" })
        let missing = (Schema.history + ["series", "series_totals", "meta"]).filter { !tables.contains($0) }
        guard missing.isEmpty else {
            faults.append("it has no table \(missing.joined(separator: ", ")); start the server once")
            return
        }
        for name in tables.sorted() where name.contains("_damaged_") {
            notes.append("\(name) was set aside as damaged; what is left in it can be read with sqlite3")
        }
        do {
            try counts(connection)
            try sums(connection)
            try countries(connection)
            try gaps(connection)
        } catch let error as SQLiteError where error.isUnreadable {
            faults.append("a page can't be read: \(error.message)")
        }
    }

    private mutating func counts(_ connection: Connection) throws {
        for table in Schema.history {
            let rows = try connection.integer("SELECT count(*) FROM \(table)") ?? 0
            let oldest = try connection.integer("SELECT min(t) FROM \(table)")
            notes.append("\(table): \(rows) rows" + (oldest.map { " since \(timestamp($0))" } ?? ""))
        }
    }

    /// Every count, summed over the time that both tables cover. What was imported needn't agree.
    private mutating func sums(_ connection: Connection) throws {
        let imported = try connection.text("SELECT value FROM meta WHERE name = 'imported_until'")
        let own = imported.flatMap { Int64($0) }.map { floorTo(dayMilliseconds, $0) + dayMilliseconds } ?? 0
        func compare(_ fine: PointTable, _ coarse: PointTable, _ width: Int64) throws {
            guard let oldest = try fine.oldest(connection) else { return }
            let from = floorTo(width, max(own, oldest) + width - 1)
            let counts = StoredStat.allCases.filter { StoredStat.folding[$0.index] == .sum }
            let whole: (Int64) -> Int64 = { _ in 0 }
            let one = try fine.buckets(connection, counts, from: from, bucket: whole).first
            let other = try coarse.buckets(connection, counts, from: from, bucket: whole).first
            for stat in counts where one?[stat] ?? 0 != other?[stat] ?? 0 {
                faults.append(
                    "\(stat.rawValue) since \(timestamp(from)): \(one?[stat] ?? 0) in \(fine.name), "
                        + "\(other?[stat] ?? 0) in \(coarse.name)")
            }
            if one?.samples ?? 0 != other?.samples ?? 0 {
                faults.append("samples since \(timestamp(from)) differ between \(fine.name) and \(coarse.name)")
            }
        }
        try compare(.minutes, .hours, hourMilliseconds)
        try compare(.hours, .utcDays, dayMilliseconds)
    }

    private mutating func countries(_ connection: Connection) throws {
        for table in [CountryTable.minutes, .hours] {
            let wrong = try connection.integer(
                """
                SELECT count(*) FROM (
                    SELECT total - visits - lag(total) OVER (PARTITION BY country ORDER BY t) AS off
                    FROM \(table.name)
                ) WHERE off <> 0
                """)
            if let wrong, wrong > 0 { faults.append("\(table.name): \(wrong) running totals don't add up") }
        }
        for (country, end) in try CountryTable.hours.totals(connection) {
            let known = try SeriesTotals.read(connection, SlotTable.slot(country))
            if end > known { faults.append("country_hours: \(country.text) stands above its total") }
        }
    }

    private mutating func gaps(_ connection: Connection) throws {
        let gaps = try connection.query(
            """
            SELECT before, t FROM (SELECT t, lag(t) OVER (ORDER BY t) AS before FROM minutes)
            WHERE t - before > 90000 ORDER BY t DESC LIMIT 1000
            """
        ) { (from: $0.integer(0) ?? 0, to: $0.integer(1) ?? 0) }
        guard !gaps.isEmpty else { return }
        let minutes = gaps.reduce(0) { $0 + ($1.to - $1.from) / minuteMilliseconds - 1 }
        notes.append("gaps: \(gaps.count), \(max(1, minutes)) minutes without a sample; the newest:")
        for gap in gaps.prefix(5) { notes.append("  \(timestamp(gap.from)) to \(timestamp(gap.to))") }
    }
}
