import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("Pruning")
struct PruningTests {
    private func retention(minutes: Int64, hours: Int64) -> Store.Retention {
        var retention = Store.Retention()
        retention.minutes = minutes
        retention.hours = hours
        return retention
    }

    @Test("of a long past is spread over flushes, oldest first")
    func bounded() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, retention: retention(minutes: 60, hours: 24))
            let start = Bench.hour - 2_700 * Bench.minute
            try await bench.put((0..<2_500).map { .made(start + Int64($0) * Bench.minute) }, in: .minutes)
            try await bench.putRecentHour()
            var left: [Int] = []
            for step in 0..<4 {
                await bench.metrics.flush(at: Bench.hour + Int64(step) * Bench.minute)
                left.append(try await bench.minutes().count { $0.t < Bench.hour - 100 * Bench.minute })
            }
            #expect(left == [1_500, 500, 0, 0])
        }
    }

    @Test("takes what is older than the retention and nothing else")
    func cutoff() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, retention: retention(minutes: 60, hours: 24))
            // An hour of samples has to agree with the clock: it goes by the sixtieth newest.
            let now = Bench.hour - 59 * Bench.minute
            let edge = now - 60 * Bench.minute
            // Some minutes wait, so that many are removed at once: at most one in a hundred too many is kept.
            let late = edge - 60 * 600
            try await bench.put([.made(late - 1), .made(edge - 1), .made(edge)], in: .minutes)
            try await bench.putRecentHour()
            let hourEdge = Bench.hour - 24 * 3_600_000
            try await bench.put([.made(hourEdge - 3_600_000), .made(hourEdge)], in: .hours)
            await bench.metrics.flush(at: Bench.hour)
            #expect(try await bench.minutes().first?.t == edge)
            #expect(try await bench.hours().map(\.t) == [hourEdge, Bench.hour])
        }
    }

    @Test("waits until an hour of samples agrees with a clock that jumped ahead")
    func clockAhead() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, retention: retention(minutes: 60, hours: 24))
            try await bench.putRecentHour()
            let known = try await bench.minutes().count
            for minute: Int64 in 0..<59 {
                await bench.metrics.flush(at: Bench.hour + 365 * 86_400_000 + minute * Bench.minute)
            }
            await bench.metrics.flush(at: Bench.hour)
            #expect(try await bench.minutes().count == known + 60)
        }
    }

    @Test("of points leaves the totals")
    func totalsStay() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, retention: retention(minutes: 60, hours: 24))
            bench.meter.add(.reports, 6)
            await bench.metrics.flush(at: Bench.hour)
            for minute: Int64 in 0..<60 {
                await bench.metrics.flush(at: Bench.hour + 48 * 3_600_000 + minute * Bench.minute)
            }
            #expect(try await bench.minutes().sum(.bugs) == 0)
            #expect(try await bench.storedTotal(.reports) == 6)
        }
    }
}
