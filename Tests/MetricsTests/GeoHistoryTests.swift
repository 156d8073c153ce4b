import GeoIP
import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("Visits by country read back")
struct GeoHistoryTests {
    private static let hour: Int64 = 3_600_000
    private typealias Entry = GeoAnswer.Entry

    @Test("reach back as far as each range does")
    func ranges() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, zone: "UTC", retention: .forEver)
            let now = Bench.hour + 30 * Bench.minute
            // One more visit the further back: each range sees a different sum.
            let ages = [(40 * 24, 1), (20 * 24, 2), (5 * 24, 4), (20, 8), (5, 16)] as [(Int64, Int)]
            for (hours, count) in ages {
                bench.visit("DE", count)
                await bench.metrics.flush(at: now - hours * Self.hour)
            }
            bench.visit("DE", 32)
            await bench.metrics.flush(at: now - 20 * Bench.minute)
            var sums: [SeriesRange: Int64] = [:]
            for range in SeriesRange.allCases {
                let answer = try await bench.metrics.history.geo(range, now: now)
                sums[range] = answer.totalVisits
                #expect(answer.source == (range.minuteBucket == nil ? .hourly : .minute))
                #expect(answer.approximate == [.month, .week].contains(range))
                #expect(!answer.partial)
            }
            #expect(sums == [.all: 63, .month: 62, .week: 60, .day: 56, .eightHours: 48, .hour: 32])
        }
    }

    @Test(
        "that no flush has written yet count at once, and once when it has", arguments: SeriesRange.allCases)
    func unwritten(range: SeriesRange) async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            func answer() async throws -> [Entry] {
                try await bench.metrics.history.geo(range, now: Bench.hour + 2 * Bench.minute).countries
            }
            bench.visit("DE", 2)
            #expect(try await answer() == [Entry(code: "DE", count: 2)])
            await bench.metrics.flush(at: Bench.hour + Bench.minute)
            #expect(try await answer() == [Entry(code: "DE", count: 2)])
            bench.visit("DE", 3)
            bench.visit("FR", 1)
            #expect(try await answer() == [Entry(code: "DE", count: 5), Entry(code: "FR", count: 1)])
            await bench.metrics.flush(at: Bench.hour + Bench.minute + 5)
            #expect(try await answer() == [Entry(code: "DE", count: 5), Entry(code: "FR", count: 1)])
        }
    }

    @Test("of a window up to now hold those not written yet")
    func unwrittenWindow() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.visit("DE", 2)
            await bench.metrics.flush(at: Bench.hour)
            bench.visit("DE", 3)
            let now = Bench.hour + 30_000
            // `from=now-8h` alone: the window ends now.
            let window = SeriesWindow(from: now - 8 * Self.hour, until: now)
            let answer = try await bench.metrics.history.geo(window, now: now)
            #expect(answer.totalVisits == 5)
            let past = SeriesWindow(from: now - 8 * Self.hour, until: now - Self.hour)
            #expect(try await bench.metrics.history.geo(past, now: now).totalVisits == 0)
        }
    }

    @Test("come by minute within their day and by whole hours before it")
    func windowSource() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            for hour: Int64 in 0..<60 {
                for minute: Int64 in [10, 40] {
                    bench.visit("DE", 1)
                    await bench.metrics.flush(at: Bench.hour + hour * Self.hour + minute * Bench.minute)
                }
            }
            let now = Bench.hour + 60 * Self.hour
            func answer(_ from: Int64, _ until: Int64) async throws -> GeoAnswer {
                try await bench.metrics.history.geo(SeriesWindow(from: from, until: until), now: now)
            }
            let half = 30 * Bench.minute
            let recent = try await answer(now - 2 * Self.hour + half, now - half)
            #expect((recent.source, recent.totalVisits, recent.approximate) == (.minute, 2, false))
            let old = try await answer(Bench.hour + half, Bench.hour + 2 * Self.hour)
            #expect((old.source, old.totalVisits, old.approximate) == (.hourly, 4, true))
            let whole = try await answer(Bench.hour + Self.hour, Bench.hour + 2 * Self.hour)
            #expect((whole.source, whole.totalVisits, whole.approximate) == (.hourly, 2, false))
        }
    }

    @Test("come most first, equal ones by code, and nothing that is no country is among them")
    func order() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            let counts = [
                ("FR", 2), ("DE", 2), ("US", 7), ("AT", 1), ("XX", 4), ("T1", 4), ("LOCAL", 9), ("BR", 1),
                ("IN", 1), ("JP", 1), ("KE", 1), ("NZ", 1),
            ]
            for (country, count) in counts { bench.visit(country, count) }
            let answer = try await bench.metrics.history.geo(.day, now: Bench.hour)
            #expect(
                answer.countries.map(\.code) == ["US", "DE", "FR", "AT", "BR", "IN", "JP", "KE", "NZ"])
            #expect(answer.countries.map(\.count) == [7, 2, 2, 1, 1, 1, 1, 1, 1])
            #expect(answer.extras.map(\.code) == ["LOCAL", "T1", "XX"])
            #expect(answer.top.map(\.code) == ["US", "DE", "FR", "AT", "BR", "IN", "JP", "KE"])
            #expect(answer.totalVisits == 34)
        }
    }

    @Test("under GEO_MIN_COUNT are one number, and none is lost")
    func folded() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            for (country, count) in [("DE", 5), ("FR", 4), ("US", 1), ("XX", 1), ("LOCAL", 2)] {
                bench.visit(country, count)
            }
            await bench.metrics.flush(at: Bench.hour)
            // The fifth of France comes with the answer's own visits: the sum decides, not each part.
            bench.visit("FR", 1)
            let answer = try await bench.metrics.history.geo(.week, minimum: 5, now: Bench.hour + 1)
            #expect(answer.countries == [Entry(code: "DE", count: 5), Entry(code: "FR", count: 5)])
            #expect(
                answer.extras == [
                    Entry(code: "LOCAL", count: 2), Entry(code: GeoAnswer.otherCode, count: 1),
                    Entry(code: "XX", count: 1),
                ])
            #expect(answer.totalVisits == 14)
        }
    }

    @Test("without a single one are nothing, and nothing is missing", arguments: SeriesRange.allCases)
    func empty(range: SeriesRange) async throws {
        try await withTemporaryDirectory { directory in
            let answer = try await Bench(directory).metrics.history.geo(range, now: Bench.hour)
            #expect(answer.countries.isEmpty && answer.extras.isEmpty)
            #expect(answer.availableSince == nil)
            #expect(answer.requestedSince == range.span.map { Bench.hour - $0 })
            #expect(!answer.partial && !answer.approximate)
        }
    }
}
