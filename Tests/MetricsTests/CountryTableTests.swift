import GeoIP
import SQLite
import Testing
import TestSupport
@testable import SignalboxMetrics

/// Running totals answer a window with two rows per country; a plain sum of all rows must say the same.
@Suite("Countries as running totals")
struct CountryTableTests {
    static let cases = [CountryTable.minutes, .hours].flatMap { table in
        (1...6).map { (table, UInt64($0)) }
    }

    @Test("give any window's plain sum, whatever the clock did", arguments: cases)
    func windows(table: CountryTable, seed: UInt64) async throws {
        try await withTemporaryDirectory { directory in
            let store = try Bench(directory).store
            let wrong = try await store.database.write { connection in
                var script = CountryScript(table, seed: seed)
                try script.write(connection, steps: 250)
                return try script.wrongWindows(connection, count: 250)
            }
            #expect(wrong == [])
        }
    }

    @Test("say after each row how many visits there were up to it", arguments: cases)
    func totals(table: CountryTable, seed: UInt64) async throws {
        try await withTemporaryDirectory { directory in
            let store = try Bench(directory).store
            try await store.database.write { connection in
                var script = CountryScript(table, seed: seed &+ 50)
                try script.write(connection, steps: 250)
            }
            let rows = try await store.database.read { try CountryRow.all($0, table) }
            var standing: [String: Int64] = [:]
            for row in rows {
                standing[row.country, default: 0] += row.visits
                #expect(row.total == standing[row.country], "\(row)")
            }
        }
    }

    @Test("have every country seen so far in the first row of each period", arguments: cases)
    func whole(table: CountryTable, seed: UInt64) async throws {
        try await withTemporaryDirectory { directory in
            let store = try Bench(directory).store
            try await store.database.write { connection in
                var script = CountryScript(table, seed: seed &+ 90)
                try script.write(connection, steps: 250)
            }
            let rows = try await store.database.read { try CountryRow.all($0, table) }
            var seen = Set<String>()
            for (_, period) in Dictionary(grouping: rows, by: { floorTo(table.period, $0.t) })
                .sorted(by: { $0.key < $1.key })
            {
                let first = Set(period.filter { $0.t == period[0].t }.map(\.country))
                #expect(first.isSuperset(of: seen), "\(period[0].t): \(seen.subtracting(first)) missing")
                seen.formUnion(period.map(\.country))
            }
        }
    }

    @Test("still give any window after their beginning was pruned", arguments: cases)
    func pruned(table: CountryTable, seed: UInt64) async throws {
        try await withTemporaryDirectory { directory in
            let store = try Bench(directory).store
            let wrong = try await store.database.write { connection in
                var script = CountryScript(table, seed: seed &+ 130)
                try script.write(connection, steps: 150)
                let oldest = try connection.integer("SELECT min(t) FROM \(table.name)") ?? 0
                // In the middle of a period: what is pruned ends with the one before it.
                try table.prune(connection, before: oldest + table.period * 3 / 2)
                try script.write(connection, steps: 100)
                return try script.wrongWindows(connection, count: 250)
            }
            #expect(wrong == [])
        }
    }

    @Test("keep a day whole, since its first row says what stood before it")
    func prunedDay() async throws {
        try await withTemporaryDirectory { directory in
            let (germany, france) = (try #require(CountryCode("DE")), try #require(CountryCode("FR")))
            let day = CivilDay.floor(Bench.hour, 24 * 3_600_000)
            let visits = try await Bench(directory).store.database.write { connection in
                let table = CountryTable.hours
                try table.add(connection, at: day - 3_600_000, [germany: 7], standing: [:])
                try table.add(connection, at: day + 3_600_000, [germany: 5], standing: [germany: 7])
                try table.add(connection, at: day + 10 * 3_600_000, [france: 2], standing: [germany: 12])
                try table.add(
                    connection, at: day + 12 * 3_600_000, [germany: 1], standing: [germany: 12, france: 2])
                try table.prune(connection, before: day + 5 * 3_600_000)
                return try table.visits(connection, from: day - 24 * 3_600_000)
            }
            #expect(visits == [germany: 6, france: 2])
        }
    }

    @Test("are pruned by time, a few periods in one go")
    func bounded() async throws {
        try await withTemporaryDirectory { directory in
            let store = try Bench(directory).store
            let left = try await store.database.write { connection in
                let country = CountryCode("DE").map { [$0: Int64(1)] } ?? [:]
                for hour: Int64 in 0..<40 {
                    try CountryTable.minutes.add(
                        connection, at: Bench.hour + hour * 3_600_000 + 60_000, country,
                        standing: country.mapValues { $0 * hour })
                }
                let cutoff = Bench.hour + 30 * 3_600_000
                return try (0..<20).map { _ in
                    try CountryTable.minutes.prune(connection, before: cutoff)
                    return try connection.integer("SELECT count(*) FROM country_minutes") ?? 0
                }
            }
            #expect(left[0] > 30)
            #expect(zip([40] + left, left).allSatisfy { $0 - $1 <= 3 })
            #expect(left.last == 10)
        }
    }
}
