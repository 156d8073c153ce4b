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
            let start = Bench.hour - 2_600 * Bench.minute
            try await bench.put((0..<2_500).map { .made(start + Int64($0) * Bench.minute) }, in: .minutes)
            var left: [Int] = []
            for step in 0..<4 {
                await bench.metrics.flush(at: Bench.hour + Int64(step) * Bench.minute)
                left.append(try await bench.minutes().count { $0.t < Bench.hour })
            }
            #expect(left == [1_500, 500, 0, 0])
        }
    }

    @Test("takes what is older than the retention and nothing else")
    func cutoff() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, retention: retention(minutes: 60, hours: 24))
            let edge = Bench.hour - 60 * Bench.minute
            try await bench.put([.made(edge - 1), .made(edge)], in: .minutes)
            let hourEdge = Bench.hour - 24 * 3_600_000
            try await bench.put([.made(hourEdge - 3_600_000), .made(hourEdge)], in: .hours)
            await bench.metrics.flush(at: Bench.hour)
            #expect(try await bench.minutes().map(\.t) == [edge, Bench.hour])
            #expect(try await bench.hours().map(\.t) == [hourEdge, Bench.hour])
        }
    }

    @Test("of points leaves the totals")
    func totalsStay() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, retention: retention(minutes: 60, hours: 24))
            bench.meter.add(.reports, 6)
            await bench.metrics.flush(at: Bench.hour)
            await bench.metrics.flush(at: Bench.hour + 48 * 3_600_000)
            #expect(try await bench.minutes().sum(.bugs) == 0)
            #expect(try await bench.storedTotal(.reports) == 6)
        }
    }
}
