import SQLite
import Testing
import TestSupport

@Suite("Transactions")
struct TransactionTests {
    struct Refused: Error {}

    @Test("an error rolls back everything the transaction did")
    func rollback() async throws {
        try await withTemporaryDirectory { directory in
            let database = try Database.open(path: directory.appending(path: "a.sqlite").path).database
            try await database.write { try $0.run("CREATE TABLE one (n INTEGER)") }
            await #expect(throws: Refused.self) {
                try await database.write { connection in
                    try connection.execute("INSERT INTO one VALUES (?)", .integer(1))
                    throw Refused()
                }
            }
            let count = try await database.read { try $0.integer("SELECT count(*) FROM one") }
            #expect(count == 0)
        }
    }

    @Test("the connection takes the next transaction after a failed one")
    func afterFailure() async throws {
        try await withTemporaryDirectory { directory in
            let database = try Database.open(path: directory.appending(path: "a.sqlite").path).database
            try await database.write { try $0.run("CREATE TABLE one (n INTEGER UNIQUE)") }
            await #expect(throws: SQLiteError.self) {
                try await database.write { connection in
                    try connection.execute("INSERT INTO one VALUES (1)")
                    try connection.execute("INSERT INTO one VALUES (1)")
                }
            }
            try await database.write { try $0.execute("INSERT INTO one VALUES (2)") }
            let numbers = try await database.read { try $0.query("SELECT n FROM one") { $0.integer(0) } }
            #expect(numbers == [2])
        }
    }

    @Test("a reader sees what was committed, not what is being written")
    func isolation() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.sqlite").path
            let database = try Database.open(path: path).database
            try await database.write { try $0.run("CREATE TABLE one (n INTEGER)") }
            let seen = try await database.write { connection in
                try connection.execute("INSERT INTO one VALUES (1)")
                return try Connection(path: path, mode: .readOnly).integer("SELECT count(*) FROM one")
            }
            #expect(seen == 0)
            let afterwards = try await database.read { try $0.integer("SELECT count(*) FROM one") }
            #expect(afterwards == 1)
        }
    }

    @Test("a reader can't change anything")
    func readOnly() async throws {
        try await withTemporaryDirectory { directory in
            let database = try Database.open(path: directory.appending(path: "a.sqlite").path).database
            try await database.write { try $0.run("CREATE TABLE one (n INTEGER)") }
            await #expect(throws: SQLiteError.self) {
                try await database.read { try $0.execute("INSERT INTO one VALUES (1)") }
            }
        }
    }
}
