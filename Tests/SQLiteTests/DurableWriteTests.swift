import SQLite
import Testing
import TestSupport

@Suite("Writes that outlive a power cut")
struct DurableWriteTests {
    private struct Refused: Error {}
    /// PRAGMA synchronous: 1 is NORMAL, 2 is FULL.
    private static let synchronous = "PRAGMA synchronous"

    private func withDatabase(_ body: (Database) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let database = try Database.open(path: directory.appending(path: "a.sqlite").path).database
            try await database.write { try $0.run("CREATE TABLE one (n INTEGER UNIQUE)") }
            try await body(database)
        }
    }

    private func level(_ database: Database) async throws -> Int64? {
        try await database.write { try $0.integer(Self.synchronous) }
    }

    @Test("are made with synchronous=FULL, and afterwards it is NORMAL again")
    func full() async throws {
        try await withDatabase { database in
            #expect(try await level(database) == 1)
            let within = try await database.writeDurably { connection in
                try connection.execute("INSERT INTO one VALUES (7)")
                return try connection.integer(Self.synchronous)
            }
            #expect(within == 2)
            #expect(try await level(database) == 1)
            #expect(try await database.read { try $0.integer("SELECT n FROM one") } == 7)
        }
    }

    @Test("one that fails leaves nothing behind, and NORMAL as well")
    func failed() async throws {
        try await withDatabase { database in
            await #expect(throws: Refused.self) {
                try await database.writeDurably { connection in
                    try connection.execute("INSERT INTO one VALUES (1)")
                    throw Refused()
                }
            }
            await #expect(throws: SQLiteError.self) {
                try await database.writeDurably { connection in
                    try connection.execute("INSERT INTO one VALUES (2)")
                    try connection.execute("INSERT INTO one VALUES (2)")
                }
            }
            #expect(try await level(database) == 1)
            #expect(try await database.read { try $0.integer("SELECT count(*) FROM one") } == 0)
            // And the next one is made as if nothing had been.
            let within = try await database.writeDurably { try $0.integer(Self.synchronous) }
            #expect(within == 2)
        }
    }

    @Test("of many at once, among others, each is durable and the others aren't")
    func mixed() async throws {
        try await withDatabase { database in
            let levels = try await withThrowingTaskGroup(of: (durable: Bool, level: Int64?).self) { group in
                for number in 0..<60 {
                    group.addTask {
                        let insert: @Sendable (Connection) throws -> Int64? = { connection in
                            try connection.execute("INSERT INTO one VALUES (?)", .integer(Int64(number)))
                            return try connection.integer(Self.synchronous)
                        }
                        return number % 3 == 0
                            ? (true, try await database.writeDurably(insert))
                            : (false, try await database.write(insert))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(levels.count == 60)
            #expect(levels.allSatisfy { $0.level == ($0.durable ? 2 : 1) })
        }
    }
}
