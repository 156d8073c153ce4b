import GeoIP
import SQLite
import Testing
import TestSupport
@testable import SignalboxMetrics

/// The store knows how much and when, nothing else: the same events leave the same bytes.
@Suite("The store of the same events")
struct ContentFreeTests {
    /// All that a table holds but for what is the process's own: its memory and the size of its file.
    private func rows(_ bench: Bench, _ table: String) async throws -> [String] {
        try await bench.store.database.read { connection in
            let own = ["resident_bytes", "store_size_bytes"]
            let columns = try connection.query("PRAGMA table_info(\(table))") { $0.text(1) ?? "" }
                .filter { !own.contains($0) }
            let quoted = columns.map { "quote(\($0))" }.joined(separator: " || ',' || ")
            return try connection.query("SELECT \(quoted) FROM \(table) ORDER BY 1") { $0.text(0) ?? "" }
        }
    }

    private func live(_ bench: Bench) async {
        for minute: Int64 in 0..<70 {
            for counter in Counter.all where counter != .processStarts {
                bench.meter.add(counter, UInt64(counter.slot) + UInt64(minute))
            }
            bench.meter.raise(.rooms, to: Int(minute % 9))
            bench.meter.visit(CountryCode.all[Int(minute) * 7])
            await bench.metrics.flush(at: Bench.hour + minute * Bench.minute)
        }
    }

    @Test("is the same", arguments: Schema.history + ["series", "series_totals"])
    func same(table: String) async throws {
        try await withTemporaryDirectory { one in
            try await withTemporaryDirectory { other in
                let (first, second) = (try Bench(one), try Bench(other))
                await live(first)
                await live(second)
                let rows = try await rows(first, table)
                #expect(!rows.isEmpty)
                #expect(try await self.rows(second, table) == rows)
            }
        }
    }

    @Test("has texts of a closed set alone: series, countries, zones, dates")
    func texts() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            await live(bench)
            let known = Set(SlotTable.names + CountryCode.all.map(\.text) + ["UTC"])
            let found = try await bench.store.database.read { connection in
                try [
                    "SELECT name FROM series", "SELECT country FROM country_minutes",
                    "SELECT country FROM country_hours", "SELECT zone FROM days",
                ]
                .flatMap { try connection.query($0) { $0.text(0) ?? "" } }
            }
            #expect(Set(found).subtracting(known) == [])
            let numbers = try await bench.store.database.read { connection in
                try ["minutes", "hours"].flatMap { table in
                    try connection.query("PRAGMA table_info(\(table))") { $0.text(2) ?? "" }
                }
            }
            #expect(Set(numbers) == ["INTEGER"])
        }
    }
}
