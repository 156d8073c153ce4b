import Foundation
import GeoIP
import Testing
import TestSupport
@testable import SignalboxMetrics

/// Days with missed minutes, stepping clocks, restarts, kills, a store that can't be written and sleeps: the
/// points must be what a plain list of all samples adds up to.
@Suite("Rollups of random days")
struct RollupTests {
    struct Scene: CustomTestStringConvertible {
        let zone: String
        let start: String
        let seed: UInt64
        var testDescription: String { "\(zone) from \(start), seed \(seed)" }
    }

    /// Each begins shortly before its zone does something odd: 25 hours, 23 hours, a day that never was, a
    /// midnight that never was.
    static let scenes = [
        Scene(zone: "UTC", start: "2026-06-15T12:34:30Z", seed: 1),
        Scene(zone: "Europe/Berlin", start: "2025-10-24T20:10:00Z", seed: 2),
        Scene(zone: "Asia/Kolkata", start: "2026-02-27T17:00:00Z", seed: 3),
        Scene(zone: "America/St_Johns", start: "2025-03-07T12:00:00Z", seed: 4),
        Scene(zone: "Pacific/Apia", start: "2011-12-28T20:00:00Z", seed: 5),
        Scene(zone: "America/Sao_Paulo", start: "2018-11-02T20:00:00Z", seed: 6),
        Scene(zone: "Asia/Beirut", start: "2025-03-28T20:00:00Z", seed: 7),
        Scene(zone: "Australia/Lord_Howe", start: "2025-04-04T03:00:00Z", seed: 8),
    ]

    @Test("are what was counted, whatever happened meanwhile", arguments: scenes)
    func agree(scene: Scene) async throws {
        try await withTemporaryDirectory { directory in
            var life = try Rehearsal(
                directory, zone: scene.zone, start: instant(scene.start), seed: scene.seed)
            try await life.run(steps: 100)
            let (bench, ledger) = (life.bench, life.ledger)
            let zone = TimeZone(identifier: scene.zone) ?? .gmt
            let (minutes, hours) = (try await bench.minutes(), try await bench.hours())
            expectSame(minutes.map(Ledger.Row.init), ledger.minutes)
            expectSame(hours.map(Ledger.Row.init), ledger.hours)
            expectSame(try await bench.days().map(Ledger.Row.init), ledger.days(.gmt))
            expectSame(try await bench.days(scene.zone).map(Ledger.Row.init), ledger.days(zone))
            #expect(try await bench.storedTotal(.reports) == ledger.samples.reduce(0) { $0 + $1.bugs })
            #expect(bench.meter.total(OriginalTotal.messages.counters) == UInt64(ledger.total))
            #expect(minutes.sum(.messages) == ledger.total)
            for table in [CountryTable.minutes, .hours] {
                let rows = try await bench.countries(table).filter { $0.visits > 0 }
                let expected = ledger.visits(width: table.width)
                #expect(rows.count == expected.values.reduce(0) { $0 + $1.count })
                #expect(rows.allSatisfy { expected[$0.t]?[$0.country] == $0.visits })
            }
        }
    }

    @Test("of any aligned window add up alike, minutes, hours and days", arguments: scenes.prefix(2))
    func windows(scene: Scene) async throws {
        try await withTemporaryDirectory { directory in
            let start = instant(scene.start)
            var life = try Rehearsal(directory, zone: scene.zone, start: start, seed: scene.seed + 100)
            try await life.run(steps: 100)
            var random = SeededGenerator(seed: scene.seed)
            let history = life.bench.metrics.history
            for (width, steps) in [
                (3_600_000, [60_000, 3_600_000]), (86_400_000, [60_000, 3_600_000, 86_400_000]),
            ]
                as [(Int64, [Int64])]
            {
                for _ in 0..<12 {
                    let from = CivilDay.floor(start, width) + width * Int64.random(in: 0...9, using: &random)
                    let until = from + width * Int64.random(in: 1...9, using: &random)
                    var sums: [[Int64]] = []
                    for step in steps {
                        let answer = try await history.series(
                            SeriesWindow(from: from, until: until, step: .width(step)))
                        sums.append([
                            answer.points.sum(.messages), answer.points.map { $0[.peakRooms] }.max() ?? 0,
                            answer.points.reduce(0) { $0 + $1.samples },
                        ])
                    }
                    #expect(Set(sums).count == 1, "\(from) ..< \(until): \(sums)")
                }
            }
        }
    }

    @Test("name a day by its date in the zone", arguments: scenes)
    func names(scene: Scene) async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, zone: scene.zone, retention: .forEver)
            let (start, zone) = (instant(scene.start), TimeZone(identifier: scene.zone) ?? .gmt)
            let times = (0..<12).map { start + Int64($0) * 8 * 3_600_000 }
            for t in times { await bench.metrics.flush(at: t) }
            let named = try await bench.store.database.read { connection in
                try connection.query(
                    "SELECT day FROM days WHERE zone = '\(scene.zone)' ORDER BY t"
                ) { $0.text(0) ?? "" }
            }
            #expect(named == Set(times.map { CivilDay.name($0, zone) }).sorted())
        }
    }

    /// Says where two lists part, not both lists.
    private func expectSame(
        _ rows: [Ledger.Row], _ expected: [Ledger.Row], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let place = zip(rows, expected).enumerated().first { $1.0 != $1.1 }
        #expect(
            place == nil && rows.count == expected.count,
            """
            \(rows.count) rows, \(expected.count) expected; at \(place?.offset ?? -1) \
            \(String(describing: place?.element))
            """, sourceLocation: sourceLocation)
    }
}
