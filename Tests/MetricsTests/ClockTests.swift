import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("A clock that steps")
struct ClockTests {
    /// Minutes from the hour at which samples are taken, and what they must add up to.
    @Test(
        "back or forth loses no count",
        arguments: [
            [10, 5, 6, 7], [10, 10, 9, 10], [0, -70, -69, 1], [0, 60 * 24 * 400, 1, 2], [3, 2, 1, 0],
        ])
    func steps(minutes: [Int64]) async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            for (index, minute) in minutes.enumerated() {
                bench.meter.add(.messages(.http), 1 << UInt64(index))
                await bench.metrics.flush(at: Bench.hour + minute * Bench.minute + 30_000)
            }
            #expect(try await bench.hours().sum(.messages) == 15)
            #expect(try await bench.storedTotal(.messages(.http)) == 15)
        }
    }

    @Test("back within a minute keeps the point's place and adds to it")
    func withinAMinute() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.meter.add(.messages(.http), 1)
            await bench.metrics.flush(at: Bench.hour + 40_000)
            bench.meter.add(.messages(.http), 2)
            await bench.metrics.flush(at: Bench.hour + 20_000)
            let minutes = try await bench.minutes()
            #expect(minutes.map(\.t) == [Bench.hour + 40_000])
            #expect(minutes.sum(.messages) == 3)
        }
    }

    @Test("back doesn't make the newest point's total fall behind what was counted")
    func totalAfterStepBack() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.meter.add(.messages(.http), 1)
            await bench.metrics.flush(at: Bench.hour + 40_000)
            bench.meter.add(.messages(.http), 2)
            await bench.metrics.flush(at: Bench.hour + 20_000)
            #expect(try await bench.minutes().last?.messagesTotal == 3)
        }
    }
}
