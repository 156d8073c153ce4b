import SQLite
import Web

/// Stored records that are not what we wrote. They are kept aside in the table `refused_records`, as JSON
/// that an operator can read, and are never served.
struct RefusedRecords {
    private var records: [(type: String, key: [UInt8], json: String)] = []

    var count: Int { records.count }

    /// Reads a query's rows and keeps those that `accept` refuses. The first column is the table's key.
    static func collect(
        _ sql: String, columns: [String], _ connection: Connection, accept: (Row) throws -> Bool
    ) throws -> RefusedRecords {
        var refused = RefusedRecords()
        _ = try connection.query(sql) { row in
            guard try !accept(row) else { return }
            // As bytes: text that isn't UTF-8 would not be found again by what Swift makes of it.
            let isText = if case .text = row.value(0) { true } else { false }
            refused.records.append(
                (type: isText ? "text" : "blob", key: row.blob(0) ?? [], json: json(row, columns)))
        }
        return refused
    }

    /// Moves them out of their table, whose key column is `handle`.
    func setAside(from table: String, now: Int64, _ connection: Connection) throws {
        for record in records {
            try connection.execute(
                "INSERT INTO refused_records (kind, refused_at, record) VALUES (?1, ?2, ?3)", .text(table),
                .integer(now), .text(record.json))
            try connection.execute(
                "DELETE FROM \(table) WHERE typeof(handle) = ?1 AND CAST(handle AS BLOB) = ?2",
                .text(record.type), .blob(record.key))
        }
    }

    private static func json(_ row: Row, _ columns: [String]) -> String {
        let json = JSONWriter.object { writer in
            for (index, column) in columns.enumerated() {
                writer.key(named: column)
                switch row.value(Int32(index)) {
                case .null: writer.null()
                case .integer(let number): writer.integer(number)
                case .real(let number): writer.number(number)
                case .text(let text): writer.string(text)
                case .blob(let bytes): writer.string("hex:" + Hex.text(bytes))
                }
            }
        }
        return String(buffer: json)
    }
}
