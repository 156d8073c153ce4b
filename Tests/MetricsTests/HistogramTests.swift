import Testing
@testable import SignalboxMetrics

@Suite("Histograms")
struct HistogramTests {
    private static let histogram = Histogram.deliveryLag(.ws)

    private func buckets(_ meter: Meter) -> [UInt64] {
        let first = SlotTable.slot(Self.histogram)
        return (0..<Histogram.slotsEach - 1).map { meter.slots.load(first + $0) }
    }

    private func sum(_ meter: Meter) -> UInt64 {
        meter.slots.load(SlotTable.slot(Self.histogram) + Histogram.slotsEach - 1)
    }

    @Test(
        "a value on a bound lies in that bound's bucket",
        arguments: Histogram.boundsNanoseconds.enumerated().map(\.offset))
    func onBound(index: Int) {
        let meter = Meter()
        meter.observe(Self.histogram, nanoseconds: Histogram.boundsNanoseconds[index])
        #expect(buckets(meter).enumerated().filter { $1 > 0 }.map(\.offset) == [index])
    }

    @Test(
        "a value above a bound lies in the next bucket",
        arguments: Histogram.boundsNanoseconds.enumerated().map(\.offset))
    func aboveBound(index: Int) {
        let meter = Meter()
        meter.observe(Self.histogram, nanoseconds: Histogram.boundsNanoseconds[index] + 1)
        #expect(buckets(meter).enumerated().filter { $1 > 0 }.map(\.offset) == [index + 1])
    }

    @Test("several observations at once count and add up like one after the other")
    func several() {
        let meter = Meter()
        meter.observe(Self.histogram, nanoseconds: 700, count: 3)
        #expect(buckets(meter)[0] == 3)
        #expect(sum(meter) == 2_100)
    }

    @Test("0 lies in the first bucket")
    func zero() {
        let meter = Meter()
        meter.observe(Self.histogram, nanoseconds: 0)
        #expect(buckets(meter)[0] == 1)
    }

    @Test("an observation touches its own histogram alone")
    func separate() {
        for histogram in Histogram.all {
            let meter = Meter()
            meter.observe(histogram, nanoseconds: .max)
            let first = SlotTable.slot(histogram)
            let touched = meter.slots.values().enumerated().filter { $1 > 0 }.map(\.offset)
            #expect(touched == [first + Histogram.slotsEach - 2, first + Histogram.slotsEach - 1])
        }
    }
}
