import SQLite
import Testing
import TestSupport

@Suite("Errors")
struct SQLiteErrorTests {
    @Test("an error names the statement and never a value")
    func noValues() async throws {
        try await withTemporaryDirectory { directory in
            let connection = try Connection(path: directory.appending(path: "a.sqlite").path)
            try connection.run("CREATE TABLE one (t TEXT UNIQUE)")
            try connection.execute("INSERT INTO one VALUES (?)", .text("secret-word"))
            let error = try #require(throws: SQLiteError.self) {
                try connection.execute("INSERT INTO one VALUES (?)", .text("secret-word"))
            }
            #expect(error.code == 2067)
            #expect(error.description.contains("INSERT INTO one VALUES (?)"))
            #expect(!error.description.contains("secret-word"))
        }
    }

    @Test(
        "damage and foreign formats are told from what passes",
        arguments: [
            (26, true), (11, true), (24, true), (267, true), (5, false), (13, false), (14, false),
            (2067, false),
        ])
    func unreadable(code: Int32, expected: Bool) {
        #expect(SQLiteError(code: code, message: "").isUnreadable == expected)
    }
}
