import SQLite
import Testing
import TestSupport
@testable import SignalboxMetrics

/// Whatever a damaged disk or a person has put into the rows, reading and flushing go on.
@Suite("A store with values that can't be")
struct TamperedStoreTests {
    private static let most = Int64.max
    private static let least = Int64.min
    static let changes = [
        "UPDATE minutes SET samples = \(most)", "UPDATE hours SET samples = \(most)",
        "UPDATE minutes SET last_t = \(most)", "UPDATE hours SET last_t = \(least)",
        "UPDATE minutes SET messages = \(least), rooms = \(most), bugs = 1.5e300, peak_rooms = 'abc'",
        "UPDATE minutes SET messages_total = \(most), messages = -50",
        "UPDATE days SET messages = \(most), samples = \(most)",
        "INSERT INTO minutes (t, last_t, samples) VALUES (\(least), 0, 1), (\(most), 0, 1)",
        "INSERT INTO hours (t, last_t, samples) VALUES (\(least + 1), 0, 1), (\(most), 0, 1)",
        "INSERT INTO days (zone, t, day, last_t, samples) VALUES ('UTC', \(least + 1), 'x', 1, 1)",
        "INSERT INTO country_hours VALUES (\(most), 'DE', 1, 1), (\(least), 'DE', 1, 1)",
        "DELETE FROM country_minutes; INSERT INTO country_minutes VALUES (\(most), 'DE', 1, 1)",
        "UPDATE country_hours SET visits = \(most), total = \(most)",
        "UPDATE country_minutes SET visits = \(least), total = \(most)",
        "INSERT INTO country_hours VALUES ('abc', 'DE', 1, 1), (0, '<b>', 1.5, x'ff')",
        "UPDATE meta SET value = '\(most)' WHERE name = 'first_boot_at'",
        "INSERT OR REPLACE INTO meta VALUES ('imported_until', '\(most)')",
        "UPDATE series_totals SET value = \(most)", "UPDATE series_totals SET value = -1",
    ]

    @Test("is read, checked and written to without an end", arguments: changes)
    func survives(change: String) async throws {
        try await withTemporaryDirectory { directory in
            var bench = try Bench(directory)
            for minute: Int64 in 0..<70 {
                bench.meter.add(.messages(.http), 3)
                bench.visit(minute % 2 == 0 ? "DE" : "LOCAL")
                await bench.metrics.flush(at: Bench.hour + minute * Bench.minute)
            }
            try await bench.store.database.write { try $0.run(change) }
            let now = Bench.hour + 70 * Bench.minute
            for _ in 0..<2 {
                let history = bench.metrics.history
                for range in SeriesRange.allCases {
                    _ = try await history.series(range, now: now)
                    _ = try await history.geo(range, now: now)
                }
                for step in [nil, .width(Bench.minute), .width(.max), .calendarDay] as [SeriesWindow.Step?] {
                    let window = SeriesWindow(from: nil, until: now, step: step)
                    _ = try await history.series(window)
                    _ = try await history.geo(window, now: now)
                }
                _ = try await history.recent(60)
                _ = try await history.hourly(now: now)
                bench.meter.add(.messages(.http))
                bench.visit("DE")
                await bench.metrics.flush(at: now)
                #expect(bench.meter.total(.storeFlushes(.failed)) == 0)
                _ = try StoreCheck(
                    Connection(path: bench.store.database.path, mode: .readOnly), retention: .init())
                bench = try Bench(directory)
            }
        }
    }
}
