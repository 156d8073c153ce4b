import CSQLite

/// What SQLite refused, with the statement that it was about. Bound values are never part of it.
public struct SQLiteError: Error, CustomStringConvertible, Sendable {
    /// SQLite's extended result code, e.g. 2067 for a UNIQUE violation.
    public let code: Int32
    /// SQLite's own words.
    public let message: String
    /// The SQL text, without values.
    public let sql: String?

    public init(code: Int32, message: String, sql: String? = nil) {
        self.code = code
        self.message = message
        self.sql = sql
    }

    /// The file isn't a database, is damaged, or belongs to another application.
    public var isUnreadable: Bool {
        let primary = code & 0xff
        return primary == SQLITE_NOTADB || primary == SQLITE_CORRUPT || primary == SQLITE_FORMAT
    }

    /// There is no space left on the disk.
    public var isDiskFull: Bool { code & 0xff == SQLITE_FULL }

    public var description: String {
        let about = sql.map { " in «\($0.prefix(120))»" } ?? ""
        return "SQLite error \(code): \(message)\(about)"
    }
}
