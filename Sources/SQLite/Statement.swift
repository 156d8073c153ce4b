internal import CSQLite

/// A value bound to a placeholder.
public enum Value: Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

/// A prepared statement of one ``Connection``.
public final class Statement {
    private let handle: OpaquePointer
    private unowned let connection: Connection
    private let sql: String

    init(sql: String, connection: Connection) throws {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v2(connection.handle, sql, -1, &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw connection.error(code, sql) }
        handle = prepared
        self.connection = connection
        self.sql = sql
    }

    deinit { sqlite3_finalize(handle) }

    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// Runs the statement with `values` bound to ?1, ?2, … and drops its rows.
    public func run(_ values: [Value]) throws {
        _ = try rows(values) { _ in () }
    }

    /// Runs the statement and maps every row. The row is only valid inside `read`.
    public func rows<T>(_ values: [Value], read: (Row) throws -> T) throws -> [T] {
        var result: [T] = []
        try forEach(values) { result.append(try read($0)) }
        return result
    }

    /// Runs the statement and calls `body` with every row. The row is only valid inside it.
    public func forEach(_ values: [Value], _ body: (Row) throws -> Void) throws {
        reset()
        // Left stepped, a SELECT would hold its read transaction open and keep the WAL from shrinking.
        defer { reset() }
        for (index, value) in values.enumerated() { try bind(value, at: Int32(index + 1)) }
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: try body(Row(handle: handle))
            case SQLITE_DONE: return
            case let code: throw connection.error(code, sql)
            }
        }
    }

    private func bind(_ value: Value, at index: Int32) throws {
        // SQLITE_TRANSIENT: SQLite copies the bytes before the call returns.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        let code =
            switch value {
            case .null: sqlite3_bind_null(handle, index)
            case .integer(let number): sqlite3_bind_int64(handle, index, number)
            case .real(let number): sqlite3_bind_double(handle, index, number)
            // With its length: without, SQLite would stop at a NUL.
            case .text(let text): sqlite3_bind_text(handle, index, text, Int32(text.utf8.count), transient)
            case .blob(let bytes): sqlite3_bind_blob(handle, index, bytes, Int32(bytes.count), transient)
            }
        guard code == SQLITE_OK else { throw connection.error(code, sql) }
    }
}

/// The current row of a running query, by column position from 0.
public struct Row {
    let handle: OpaquePointer

    /// The column as an integer, nil for NULL.
    public func integer(_ column: Int32) -> Int64? {
        let value = sqlite3_column_int64(handle, column)
        // NULL reads as 0; of most values there is then nothing more to ask.
        return value == 0 && sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : value
    }

    /// The column as a floating-point number, nil for NULL.
    public func real(_ column: Int32) -> Double? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : sqlite3_column_double(handle, column)
    }

    /// The column as text, nil for NULL.
    public func text(_ column: Int32) -> String? {
        guard let start = sqlite3_column_text(handle, column) else { return nil }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// The column as text if it is stored as text that is UTF-8, else nil.
    public func storedText(_ column: Int32) -> String? {
        guard sqlite3_column_type(handle, column) == SQLITE_TEXT, let bytes = blob(column) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The column as an integer if it is stored as one, else nil.
    public func storedInteger(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_INTEGER ? sqlite3_column_int64(handle, column) : nil
    }

    /// The column as it is stored, whatever its type.
    public func value(_ column: Int32) -> Value {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: .integer(sqlite3_column_int64(handle, column))
        case SQLITE_FLOAT: .real(sqlite3_column_double(handle, column))
        case SQLITE_TEXT: .text(text(column) ?? "")
        case SQLITE_BLOB: .blob(blob(column) ?? [])
        default: .null
        }
    }

    /// The column as bytes, nil for NULL.
    public func blob(_ column: Int32) -> [UInt8]? {
        guard sqlite3_column_type(handle, column) != SQLITE_NULL else { return nil }
        let count = Int(sqlite3_column_bytes(handle, column))
        guard count > 0, let start = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }
}
