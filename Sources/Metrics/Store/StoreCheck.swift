import Foundation
public import SQLite

/// Whether a store is whole and its numbers agree: minutes with hours, hours with days, running totals of
/// countries with their visits.
public struct StoreCheck: Sendable {
    /// What an operator should do something about.
    public private(set) var faults: [String] = []
    /// What is there, and what is missing because nobody was counting.
    public private(set) var notes: [String] = []

    private static let faultsMax = 20
    private let retention: Store.Retention
    /// When the store was made, Unix ms; nil when it doesn't say, or when history of other servers is in it.
    private var began: Int64?

    /// Reads everything in one transaction, so that a server may go on writing.
    /// - Parameter retention: how long the settings say that points are kept.
    /// - Throws: ``SQLiteError`` when not even that is possible.
    public init(_ connection: Connection, retention: Store.Retention) throws {
        self.retention = retention
        do {
            // Outside of the transaction, which damage would end.
            let messages = try connection.query("PRAGMA integrity_check(\(Self.faultsMax))") {
                $0.text(0) ?? ""
            }
            faults += messages.filter { $0 != "ok" }.map { "integrity: \($0)" }
        } catch let error as SQLiteError where error.isUnreadable {
            faults.append("integrity: \(error.message)")
        }
        try connection.run("BEGIN")
        defer { try? connection.run("ROLLBACK") }
        do {
            try look(connection)
        } catch let error as SQLiteError where error.isUnreadable {
            faults.append("a page can't be read: \(error.message)")
        }
    }

    private mutating func look(_ connection: Connection) throws {
        let version = try connection.integer("PRAGMA user_version") ?? 0
        guard version <= Schema.version else {
            faults.append("its schema is \(version), newer than this program's \(Schema.version)")
            return
        }
        let tables = Set(
            try connection.query("SELECT name FROM sqlite_master WHERE type = 'table'") { $0.text(0) ?? "" })
        let missing = (Schema.history + ["series", "series_totals", "meta"]).filter { !tables.contains($0) }
        guard missing.isEmpty else {
            faults.append("it has no table \(missing.joined(separator: ", ")); start the server once")
            return
        }
        let damaged = tables.sorted().filter { $0.contains("_damaged_") }
        for name in damaged {
            notes.append("\(name) was set aside as damaged; what is left in it can be read with sqlite3")
        }
        let imported = try connection.text("SELECT value FROM meta WHERE name = 'imported_until'")
            .flatMap { Int64($0) }.map { min(max($0, -timeMax), timeMax) }
        if imported == nil, damaged.isEmpty {
            let text = try connection.text("SELECT value FROM meta WHERE name = 'first_boot_at'")
            began = text.flatMap {
                try? Date($0, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            }
            .map { Int64($0.timeIntervalSince1970 * 1_000) }
        }
        try counts(connection)
        try sums(connection, importedUntil: imported)
        try totals(connection, importedUntil: imported)
        try countries(connection)
        try gaps(connection)
    }

    private mutating func counts(_ connection: Connection) throws {
        for table in Schema.history {
            let rows = try connection.integer("SELECT count(*) FROM \(table)") ?? 0
            let oldest = try connection.integer("SELECT min(t) FROM \(table)")
            notes.append("\(table): \(rows) rows" + (oldest.map { " since \(timestamp($0))" } ?? ""))
        }
    }

    /// Every count, summed over the time that both tables cover. What was imported needn't agree.
    private mutating func sums(_ connection: Connection, importedUntil: Int64?) throws {
        let own = importedUntil.map { floorTo(dayMilliseconds, $0) + dayMilliseconds } ?? 0
        try compare(
            connection, .minutes, .hours, hourMilliseconds, since: own,
            kept: retention.hours * hourMilliseconds)
        try compare(
            connection, .hours, .utcDays, dayMilliseconds, since: own,
            kept: retention.days > 0 ? retention.days * dayMilliseconds : .max)
    }

    private mutating func compare(
        _ connection: Connection, _ fine: PointTable, _ coarse: PointTable, _ width: Int64, since own: Int64,
        kept: Int64
    ) throws {
        guard let oldest = try fine.oldest(connection), let newest = try fine.newestTime(connection) else {
            return
        }
        // A bucket that the store was made in is whole; any other may have lost its beginning.
        var from = floorTo(width, max(own, oldest) + width - 1)
        let isWhole = began.map { $0 >= floorTo(width, oldest) } ?? false
        if isWhole { from = floorTo(width, oldest) }
        let age = newest - (began ?? .min / 2)
        if age > kept - width, let begins = try coarse.oldest(connection) { from = max(from, begins) }

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

    /// The newest minute says what the totals stood at when both were written.
    private mutating func totals(_ connection: Connection, importedUntil: Int64?) throws {
        let stored = try SeriesTotals.read(connection)
        let since = importedUntil ?? .min
        for (column, original) in [
            ("messages_total", OriginalTotal.messages), ("rooms_total", .roomsCreated),
            ("bugs_total", .bugReports),
        ] {
            // Totals never go down, whatever the clock did.
            guard
                let written = try connection.integer(
                    "SELECT max(\(column)) FROM minutes WHERE t > ?", .integer(since))
            else { continue }
            let total = original.slots.reduce(Int64(0)) {
                $0 &+ Int64(clamping: stored[SlotTable.names[$1]] ?? 0)
            }
            if written != total {
                faults.append("\(column) is \(written) in the newest minute, \(total) in totals")
            }
        }
    }

    private mutating func countries(_ connection: Connection) throws {
        for table in [CountryTable.minutes, .hours] {
            let oldest = try connection.integer("SELECT min(t) FROM \(table.name)") ?? 0
            let isWhole = began.map { $0 >= floorTo(table.period, oldest) } ?? false
            // Of a table that begins with the store, the first row of a country stands at its own visits.
            let wrong = try connection.integer(
                """
                SELECT count(*) FROM (
                    SELECT total - visits - lag(total\(isWhole ? ", 1, 0" : "")) OVER (
                        PARTITION BY country ORDER BY t) AS off, total, visits
                    FROM \(table.name)
                ) WHERE off <> 0 OR total < visits
                """)
            if let wrong, wrong > 0 { faults.append("\(table.name): \(wrong) running totals don't add up") }
        }
        for (country, end) in try CountryTable.hours.totals(connection) {
            let known = try SeriesTotals.read(connection, SlotTable.slot(country))
            if end != known {
                faults.append("country_hours: \(country.text) stands at \(end), its total is \(known)")
            }
        }
    }

    private mutating func gaps(_ connection: Connection) throws {
        let gaps = try connection.query(
            """
            SELECT before, t FROM (SELECT t, lag(t) OVER (ORDER BY t) AS before FROM minutes
                WHERE t > \(-timeMax) AND t < \(timeMax))
            WHERE t - before > 90000 ORDER BY t DESC LIMIT 1000
            """
        ) { (from: $0.integer(0) ?? 0, to: $0.integer(1) ?? 0) }
        guard !gaps.isEmpty else { return }
        let minutes = gaps.reduce(0) {
            $0 + max(1, ($1.to - $1.from + minuteMilliseconds / 2) / minuteMilliseconds - 1)
        }
        notes.append("gaps: \(gaps.count), \(minutes) minutes without a sample; the newest:")
        for gap in gaps.prefix(5) { notes.append("  \(timestamp(gap.from)) to \(timestamp(gap.to))") }
    }
}
