import Testing
import TestSupport

@testable import SignalboxMetrics

@Suite("Quantiles of a minute")
struct QuantileTests {
    private func microseconds(_ share: Double, _ buckets: [Int: UInt64]) -> Int64 {
        let quantile = Quantile(share, of: [.deliveryLag(.sse)])
        let first = SlotTable.slot(.deliveryLag(.sse))
        return quantile.microseconds { buckets[$0 - first] ?? 0 }
    }

    @Test("nothing observed is 0")
    func empty() { #expect(microseconds(0.99, [:]) == 0) }

    @Test("within a bucket observations lie evenly, as Prometheus has it")
    func interpolated() {
        // The third bucket reaches from 250 to 500 µs.
        #expect(microseconds(0.5, [2: 100]) == 375)
        #expect(microseconds(0.99, [2: 100]) == 498)
        #expect(microseconds(0.5, [0: 10]) == 50, "the first one begins at 0")
    }

    @Test("of several buckets the one counts that holds the rank")
    func ranked() {
        #expect(microseconds(0.5, [0: 90, 12: 10]) == 56)
        #expect(microseconds(0.95, [0: 90, 12: 10]) == 750_000)
        #expect(microseconds(0.9, [0: 90, 12: 10]) == 100)
    }

    @Test("above all bounds it is the highest of them")
    func above() { #expect(microseconds(0.99, [15: 7]) == 5_000_000) }

    @Test("several histograms are one")
    func merged() {
        let both = Quantile(0.5, of: [.deliveryLag(.sse), .deliveryLag(.ws)])
        let (one, other) = (SlotTable.slot(.deliveryLag(.sse)), SlotTable.slot(.deliveryLag(.ws)))
        #expect(both.microseconds { [one: 10, other + 4: 30][$0] ?? 0 } == 1_500)
    }

    @Test("a minute's point has them, and a longer time that of its worst minute")
    func stored() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.meter.observe(.requestDuration(.post), nanoseconds: 300_000, count: 100)
            bench.meter.observe(.deliveryLag(.ws), nanoseconds: 80_000_000, count: 3)
            await bench.metrics.flush(at: Bench.hour + Bench.minute)
            await bench.metrics.flush(at: Bench.hour + 2 * Bench.minute)
            let minutes = try await bench.minutes()
            #expect(minutes.map { $0[.requestP50] } == [375, 0])
            #expect(minutes.map { $0[.requestP99] } == [498, 0])
            #expect(minutes[0][.deliveryP99] > 50_000 && minutes[0][.deliveryP99] <= 100_000)
            #expect(try await bench.hours().map { $0[.requestP99] } == [498])
        }
    }
}
