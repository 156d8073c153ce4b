import Testing
import TestSupport
@testable import SignalboxMetrics

/// A scrape every fifteen seconds must not learn what the store doesn't keep.
@Suite("Page visits in the exposition")
struct ExposedVisitsTests {
    private static let minute = Bench.minute
    private static let hour: Int64 = 3_600_000

    /// The countries with a count, by label.
    private func exposed(_ bench: Bench) -> [String: String] {
        let scrape = Scrape(Exposition(metrics: bench.metrics, version: BuildVersion("1")).write(.text))
        let visits = scrape.samples.filter {
            $0.name == ExposedVisits.family.name + "_total" && $0.value != "0"
        }
        return Dictionary(
            uniqueKeysWithValues: visits.map { ($0.series.split(separator: "\"")[1].description, $0.value) })
    }

    private func flush(_ bench: Bench, _ minutes: ClosedRange<Int64>, second: Int64 = 59_999) async {
        for minute in minutes { await bench.metrics.flush(at: Bench.hour + minute * Self.minute + second) }
    }

    @Test("has a series for every country there is, from the first scrape, and for nobody else")
    func allSeries() async throws {
        try await withTemporaryDirectory { directory in
            let scrape = Scrape(
                Exposition(metrics: try Bench(directory).metrics, version: BuildVersion("1")).write(.text))
            let visits = scrape.samples.filter { $0.name == "signalbox_page_visits_total" }
            #expect(visits.count == 253)
            #expect(visits.allSatisfy { $0.value == "0" })
            for country in ["DE", "XX", "T1", "LOCAL", "other"] {
                #expect(scrape["signalbox_page_visits_total{country=\"\(country)\"}"] == "0")
            }
            #expect(scrape["signalbox_page_visits_total{country=\"QZ\"}"] == nil)
        }
    }

    @Test("advance with the hour's last minute and not before")
    func onceAnHour() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            for minute: Int64 in 0..<59 {
                bench.visit("DE")
                await flush(bench, minute...minute)
                #expect(exposed(bench) == [:])
            }
            bench.visit("DE")
            await flush(bench, 59...59)
            #expect(exposed(bench) == ["DE": "60"])
            bench.visit("FR")
            await flush(bench, 60...118)
            #expect(exposed(bench) == ["DE": "60"])
            await flush(bench, 119...119)
            #expect(exposed(bench) == ["DE": "60", "FR": "1"])
        }
    }

    @Test("of few in an hour are others; what names no country stays as it is")
    func folded() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, zone: "UTC", visitsMin: 5)
            for (country, count) in [("DE", 5), ("FR", 4), ("US", 1), ("XX", 1), ("T1", 2), ("LOCAL", 3)] {
                bench.visit(country, count)
            }
            await flush(bench, 0...59)
            #expect(exposed(bench) == ["DE": "5", "other": "5", "XX": "1", "T1": "2", "LOCAL": "3"])
            // Each hour by itself: four and four are eight others, no country.
            bench.visit("FR", 4)
            await flush(bench, 60...119)
            #expect(exposed(bench) == ["DE": "5", "other": "9", "XX": "1", "T1": "2", "LOCAL": "3"])
        }
    }

    @Test("from two letters that no country has are others")
    func unassigned() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            for (country, count) in [("QZ", 3), ("AA", 1), ("EU", 2), ("DE", 1)] {
                bench.visit(country, count)
            }
            await flush(bench, 0...59)
            #expect(exposed(bench) == ["other": "6", "DE": "1"])
        }
    }

    @Test("of an hour whose last minute was missed come with the first sample after it, and no later ones")
    func missed() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.visit("DE", 2)
            await flush(bench, 10...30)
            // Asleep for three hours; these visits are of the hour the server woke up in.
            bench.visit("FR", 3)
            await flush(bench, 190...190)
            #expect(exposed(bench) == ["DE": "2"])
            await flush(bench, 191...239)
            #expect(exposed(bench) == ["DE": "2", "FR": "3"])
        }
    }

    @Test("count once, whatever the clock does")
    func clock() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            for minute: Int64 in [0, 59, 58, 59, 60, 30, 61, 119, -300, -301, 59, 4_000, 61, 119] {
                bench.visit("DE")
                await flush(bench, minute...minute)
            }
            #expect(exposed(bench) == ["DE": "14"])
        }
    }

    @Test("start at 0 with the process; what is still to come is not lost on the way")
    func restart() async throws {
        try await withTemporaryDirectory { directory in
            let first = try Bench(directory, counters: true)
            first.visit("DE", 7)
            await flush(first, 0...59)
            await first.metrics.close(at: Bench.hour + Self.hour)
            let second = try Bench(directory, counters: true)
            #expect(exposed(second) == [:])
            second.visit("DE", 2)
            await flush(second, 61...119)
            #expect(exposed(second) == ["DE": "2"])
        }
    }
}
