internal import CSQLite

/// One connection to one database file, for one thread at a time.
///
/// It isn't `Sendable` on purpose: ``Database`` owns a writing and a reading connection and runs each on
/// its own serial queue.
public final class Connection {
    let handle: OpaquePointer
    private var statements: [String: Statement] = [:]

    /// How a file is opened.
    public enum Mode: Sendable {
        case readWrite
        case readOnly
    }

    /// Opens `path`, or makes it when it isn't there and the mode allows it.
    /// - Throws: ``SQLiteError``; an existing file that isn't a database is noticed at the first statement.
    public init(path: String, mode: Mode = .readWrite) throws {
        var opened: OpaquePointer?
        let access =
            mode == .readWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY
        let code = sqlite3_open_v2(path, &opened, access | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let opened else {
            let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw SQLiteError(code: code, message: message)
        }
        handle = opened
        sqlite3_extended_result_codes(opened, 1)
        // Readers and the writer are separate connections: a checkpoint may hold the file for a moment.
        sqlite3_busy_timeout(opened, 5_000)
    }

    deinit {
        statements.removeAll()
        sqlite3_close_v2(handle)
    }

    /// Runs SQL text that may hold several statements and returns no rows.
    public func run(_ sql: String) throws {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, sql) }
    }

    /// A prepared statement, kept for the next call with the same text.
    public func prepare(_ sql: String) throws -> Statement {
        if let known = statements[sql] {
            known.reset()
            return known
        }
        let statement = try Statement(sql: sql, connection: self)
        // Texts come from our own code; the bound only guards against a mistake there.
        if statements.count >= 256 { statements.removeAll() }
        statements[sql] = statement
        return statement
    }

    /// Runs one statement with values and drops its rows.
    public func execute(_ sql: String, _ values: Value...) throws { try execute(sql, values) }

    /// Runs one statement with values and drops its rows.
    public func execute(_ sql: String, _ values: [Value]) throws { try prepare(sql).run(values) }

    /// All rows of one query, each mapped by `read`.
    public func query<T>(_ sql: String, _ values: [Value] = [], read: (Row) throws -> T) throws -> [T] {
        try prepare(sql).rows(values, read: read)
    }

    /// The first column of the first row as an integer, or nil when there is no row or it is NULL.
    public func integer(_ sql: String, _ values: Value...) throws -> Int64? {
        try prepare(sql).rows(values) { $0.integer(0) }.first ?? nil
    }

    /// The first column of the first row as text, or nil when there is no row or it is NULL.
    public func text(_ sql: String, _ values: Value...) throws -> String? {
        try prepare(sql).rows(values) { $0.text(0) }.first ?? nil
    }

    /// Runs `body` in one transaction; any error rolls back all of it.
    public func transaction<T>(_ body: () throws -> T) throws -> T {
        try run("BEGIN IMMEDIATE")
        do {
            let result = try body()
            try run("COMMIT")
            return result
        } catch {
            // A failed COMMIT (disk full) may have rolled back already; then ROLLBACK has nothing to do.
            try? run("ROLLBACK")
            throw error
        }
    }

    func error(_ code: Int32, _ sql: String?) -> SQLiteError {
        SQLiteError(
            code: sqlite3_extended_errcode(handle) == SQLITE_OK ? code : sqlite3_extended_errcode(handle),
            message: String(cString: sqlite3_errmsg(handle)), sql: sql)
    }
}
