import SQLite

/// What each series counted since first boot, in the store.
enum SeriesTotals {
    /// Every total by the series' name.
    static func read(_ connection: Connection) throws -> [String: UInt64] {
        try read(connection, "SELECT series, value FROM totals")
    }

    /// The totals of visits by country alone, found by the names' index.
    static func readVisits(_ connection: Connection) throws -> [String: UInt64] {
        let name = "signalbox_page_visits_total"
        return try read(
            connection, "SELECT series, value FROM totals WHERE series >= ? AND series < ?",
            [.text(name + "{"), .text(name + "|")])
    }

    private static func read(
        _ connection: Connection, _ sql: String, _ values: [Value] = []
    ) throws -> [String: UInt64] {
        let rows = try connection.query(sql, values) { row in
            (row.text(0) ?? "", UInt64(bitPattern: row.integer(1) ?? 0))
        }
        return Dictionary(rows, uniquingKeysWith: { $1 })
    }

    /// One series' total; 0 when the store has none.
    static func read(_ connection: Connection, _ slot: Int) throws -> Int64 {
        try connection.integer(
            "SELECT value FROM totals WHERE series = ?", .text(SlotTable.names[slot])) ?? 0
    }

    /// The number that stands for each slot's name, given to names that have none.
    static func identifiers(_ connection: Connection) throws -> [Int64] {
        let insert = "INSERT OR IGNORE INTO series (name) VALUES (?)"
        var known = try names(connection)
        for name in SlotTable.names where known[name] == nil { try connection.execute(insert, .text(name)) }
        known = try names(connection)
        return SlotTable.names.map { known[$0] ?? 0 }
    }

    private static func names(_ connection: Connection) throws -> [String: Int64] {
        let rows = try connection.query("SELECT name, id FROM series") {
            ($0.text(0) ?? "", $0.integer(1) ?? 0)
        }
        return Dictionary(rows, uniquingKeysWith: { $1 })
    }

    /// Writes the total of the series with this number.
    static func write(_ connection: Connection, _ identifier: Int64, _ value: UInt64) throws {
        try connection.execute(
            "INSERT OR REPLACE INTO series_totals (id, value) VALUES (?, ?)", .integer(identifier),
            .integer(Int64(bitPattern: value)))
    }
}
