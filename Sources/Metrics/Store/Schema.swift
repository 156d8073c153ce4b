import SQLite

/// The store's tables. Made for people too: `sqlite3 signalbox.sqlite "SELECT * FROM minutes"` reads well.
enum Schema {
    static let version: Int64 = 1

    /// Makes what is missing. A column that a newer vocabulary brings is added with 0 for the past.
    static func prepare(_ connection: Connection) throws {
        let found = try connection.integer("PRAGMA user_version") ?? 0
        guard found <= version else {
            throw SQLiteError(
                code: 1,
                message:
                    "the store has schema \(found), newer than this program's \(version); use a newer signalbox"
            )
        }
        try connection.run(
            """
            CREATE TABLE IF NOT EXISTS meta (
                name TEXT PRIMARY KEY, value TEXT NOT NULL
            ) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS totals (
                series TEXT PRIMARY KEY, value INTEGER NOT NULL
            ) WITHOUT ROWID;
            """)
        for table in ["minutes", "hours"] {
            try connection.run(
                """
                CREATE TABLE IF NOT EXISTS \(table) (
                    t INTEGER PRIMARY KEY,
                    last_t INTEGER NOT NULL,
                    samples INTEGER NOT NULL,
                    messages_total INTEGER,
                    rooms_total INTEGER,
                    bugs_total INTEGER
                );
                """)
            let known = Set(try connection.query("PRAGMA table_info(\(table))") { $0.text(1) ?? "" })
            for stat in StoredStat.allCases where !known.contains(stat.rawValue) {
                try connection.run(
                    "ALTER TABLE \(table) ADD COLUMN \(stat.rawValue) INTEGER NOT NULL DEFAULT 0")
            }
        }
        try connection.run("PRAGMA user_version = \(version)")
    }
}
