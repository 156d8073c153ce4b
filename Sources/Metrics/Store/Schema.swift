import SQLite

/// The store's tables. Made for people too: `sqlite3 signalbox.sqlite "SELECT * FROM minutes"` reads well.
enum Schema {
    static let version: Int64 = 2

    /// Every table of points and visits, the ones that may be set aside one by one when damaged.
    static let history = ["minutes", "hours", "days", "country_minutes", "country_hours"]

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
            """)
        try makeTotals(connection)
        for table in ["minutes", "hours"] {
            try connection.run("CREATE TABLE IF NOT EXISTS \(table) (t INTEGER PRIMARY KEY, \(fixed))")
        }
        try connection.run(
            """
            CREATE TABLE IF NOT EXISTS days (
                zone TEXT NOT NULL, t INTEGER NOT NULL, day TEXT NOT NULL, \(fixed), PRIMARY KEY (zone, t)
            ) WITHOUT ROWID
            """)
        for table in ["minutes", "hours", "days"] {
            let known = Set(try connection.query("PRAGMA table_info(\(table))") { $0.text(1) ?? "" })
            for stat in StoredStat.allCases where !known.contains(stat.rawValue) {
                try connection.run(
                    "ALTER TABLE \(table) ADD COLUMN \(stat.rawValue) INTEGER NOT NULL DEFAULT 0")
            }
        }
        for table in ["country_minutes", "country_hours"] {
            try connection.run(
                """
                CREATE TABLE IF NOT EXISTS \(table) (
                    t INTEGER NOT NULL, country TEXT NOT NULL, visits INTEGER NOT NULL, total INTEGER NOT NULL,
                    PRIMARY KEY (t, country)
                ) WITHOUT ROWID
                """)
        }
        try AlertBook.prepare(connection)
        // Version 1 had no days: they are folded from its hours.
        if found == 1 { try Days.rebuild(connection, zone: LocalDays.utcName) }
        if found != version { try connection.run("PRAGMA user_version = \(version)") }
    }

    private static let fixed = """
        last_t INTEGER NOT NULL, samples INTEGER NOT NULL,
        messages_total INTEGER, rooms_total INTEGER, bugs_total INTEGER
        """

    /// Totals by number, since a flush that rewrites names of sixty letters writes six pages instead of one;
    /// people read the view.
    private static func makeTotals(_ connection: Connection) throws {
        let kind = try connection.text("SELECT type FROM sqlite_master WHERE name = 'totals'")
        if kind == "table" { try connection.run("ALTER TABLE totals RENAME TO totals_1") }
        try connection.run(
            """
            CREATE TABLE IF NOT EXISTS series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
            CREATE TABLE IF NOT EXISTS series_totals (id INTEGER PRIMARY KEY, value INTEGER NOT NULL);
            CREATE VIEW IF NOT EXISTS totals (series, value) AS
                SELECT name, value FROM series JOIN series_totals USING (id);
            """)
        if kind == "table" {
            try connection.run(
                """
                INSERT OR IGNORE INTO series (name) SELECT series FROM totals_1;
                INSERT OR REPLACE INTO series_totals (id, value)
                    SELECT id, value FROM totals_1 JOIN series ON name = series;
                DROP TABLE totals_1;
                """)
        }
    }
}
