import SQLite
import Testing
import TestSupport

@Suite("A column as it is stored")
struct StoredValueTests {
    /// The first column of the first row, in words that can be compared.
    private func value(_ sql: String) async throws -> String {
        try await withTemporaryDirectory { directory in
            let connection = try Connection(path: directory.appending(path: "a.sqlite").path)
            let values = try connection.query(sql) { row in
                switch row.value(0) {
                case .null: "null"
                case .integer(let number): "integer \(number)"
                case .real(let number): "real \(number)"
                case .text(let text): "text «\(text)»"
                case .blob(let bytes): "blob \(bytes)"
                }
            }
            return try #require(values.first)
        }
    }

    @Test(
        "keeps its type, whatever it looks like",
        arguments: [
            ("SELECT NULL", "null"), ("SELECT 5", "integer 5"),
            ("SELECT -9223372036854775808", "integer -9223372036854775808"),
            ("SELECT 5.0", "real 5.0"), ("SELECT 1e300", "real 1e+300"), ("SELECT '5'", "text «5»"),
            ("SELECT ''", "text «»"), ("SELECT x''", "blob []"), ("SELECT x'35'", "blob [53]"),
            ("SELECT x'00ff00'", "blob [0, 255, 0]"), ("SELECT 'a' || char(0) || 'b'", "text «a\0b»"),
            ("SELECT CAST(x'c3a9' AS TEXT)", "text «é»"),
        ])
    func types(sql: String, expected: String) async throws {
        #expect(try await value(sql) == expected)
    }

    @Test(
        "comes back as it went in",
        arguments: [
            (.null, "null"), (.integer(.min), "integer -9223372036854775808"), (.real(0.5), "real 0.5"),
            (.text("a\0b"), "text «a\0b»"), (.text(""), "text «»"), (.blob([]), "blob []"),
            (.blob([0, 1]), "blob [0, 1]"),
        ] as [(Value, String)])
    func roundTrip(value: Value, expected: String) async throws {
        try await withTemporaryDirectory { directory in
            let connection = try Connection(path: directory.appending(path: "a.sqlite").path)
            let back = try connection.query("SELECT ?1, typeof(?1)", [value]) { row in
                switch row.value(0) {
                case .null: "null"
                case .integer(let number): "integer \(number)"
                case .real(let number): "real \(number)"
                case .text(let text): "text «\(text)»"
                case .blob(let bytes): "blob \(bytes)"
                }
            }
            #expect(back == [expected])
        }
    }
}
