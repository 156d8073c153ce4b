import SQLite
import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("The store's schema")
struct StoreFileTests {
    @Test("a column that a newer vocabulary brings is 0 for the past")
    func newColumn() async throws {
        try await withTemporaryDirectory { directory in
            let old = try Bench(directory)
            old.meter.add(.messages(.http), 2)
            await old.metrics.close(at: Bench.hour)
            try await old.store.database.write { connection in
                for table in ["minutes", "hours"] {
                    try connection.run("ALTER TABLE \(table) DROP COLUMN over_capacity")
                }
            }
            let new = try Bench(directory)
            new.meter.add(.overCapacity(.roomCap), 5)
            await new.metrics.flush(at: Bench.hour + Bench.minute)
            #expect(try await new.minutes().map { $0[.overCapacity] } == [0, 5])
            #expect(try await new.minutes().map { $0[.messages] } == [2, 0])
        }
    }

    @Test("a store of a newer program is refused, not changed")
    func newerSchema() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "signalbox.sqlite").path
            try await Database.open(path: path).database.write { try $0.run("PRAGMA user_version = 99") }
            #expect(throws: SQLiteError.self) { try Bench(directory) }
            #expect(try Connection(path: path).integer("SELECT count(*) FROM sqlite_master") == 0)
        }
    }

    @Test("totals and points are readable with the sqlite3 shell's plain words")
    func readable() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.meter.add(.messages(.http), 2)
            await bench.metrics.flush(at: Bench.hour)
            let total = try await bench.store.database.read {
                try $0.integer(
                    "SELECT value FROM totals WHERE series = 'signalbox_messages_total{via=\"http\"}'")
            }
            let point = try await bench.store.database.read {
                try $0.integer("SELECT messages FROM minutes WHERE t = \(Bench.hour)")
            }
            #expect(total == 2)
            #expect(point == 2)
        }
    }
}
