import GeoIP
import SQLite
import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("What is read at once")
struct ReadSnapshotTests {
    @Test("is one state of the store, even when a flush comes in between")
    func oneState() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            let database = bench.store.database
            let country = try #require(CountryCode("DE"))
            // As the countries are read: totals first, then rows. A visit between the two counts once.
            let seen = try await bench.metrics.history.read { connection in
                let before = try SeriesTotals.readVisits(connection).values.reduce(0, +)
                try database.write { writer in
                    try CountryTable.minutes.add(writer, at: Bench.hour, [country: 1], standing: [:])
                }
                let rows = try CountryTable.minutes.visits(connection, from: .min)
                return (before, rows)
            }
            #expect(seen.0 == 0)
            #expect(seen.1.isEmpty)
        }
    }
}
