import SQLite
import Testing
import TestSupport

@Suite("Prepared statements")
struct StatementTests {
    @Test("a statement used again doesn't keep the values of the time before")
    func bindingsAreCleared() async throws {
        try await withTemporaryDirectory { directory in
            let connection = try Connection(path: directory.appending(path: "a.sqlite").path)
            #expect(try connection.text("SELECT ?", .text("first")) == "first")
            #expect(try connection.text("SELECT ?") == nil)
        }
    }

    @Test("a query that stops half way leaves no transaction open")
    func stoppedQuery() async throws {
        struct Enough: Error {}
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.sqlite").path
            let database = try Database.open(path: path).database
            try await database.write {
                try $0.run("CREATE TABLE one (n INTEGER); INSERT INTO one VALUES (1), (2), (3)")
            }
            await #expect(throws: Enough.self) {
                try await database.read { try $0.query("SELECT n FROM one") { _ in throw Enough() } }
            }
            try await database.write { try $0.run("INSERT INTO one VALUES (4)") }
            try database.checkpoint()
            // A reader still inside its transaction would see 3 and keep the WAL from being emptied.
            let count = try await database.read { try $0.integer("SELECT count(*) FROM one") }
            #expect(count == 4)
        }
    }

    @Test("more texts than are kept still all work")
    func manyTexts() async throws {
        try await withTemporaryDirectory { directory in
            let connection = try Connection(path: directory.appending(path: "a.sqlite").path)
            for number in 0..<600 { #expect(try connection.integer("SELECT \(number)") == Int64(number)) }
            #expect(try connection.integer("SELECT 0") == 0)
        }
    }
}
