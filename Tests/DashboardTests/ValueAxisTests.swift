import Testing

@testable import Dashboard

@Suite struct ValueAxisTests {
    private func labels(_ highest: Double, _ unit: ValueUnit = .count) -> [String] {
        ValueAxis(highest: highest, unit: unit).ticks.map(\.label)
    }

    @Test func stepsAreOneTwoFive() {
        #expect(labels(4) == ["0", "1", "2", "3", "4"])
        #expect(labels(7) == ["0", "2", "4", "6", "8"])
        #expect(labels(100) == ["0", "50", "100"])
        #expect(labels(771) == ["0", "200", "400", "600", "800"])
        #expect(labels(1_896) == ["0", "0.5k", "1k", "1.5k", "2k"])
        #expect(labels(46_600) == ["0", "20k", "40k", "60k"])
        #expect(labels(3_200_000) == ["0", "1M", "2M", "3M", "4M"])
    }

    @Test func bytesStepWithinTheirUnit() {
        #expect(labels(900, .bytes) == ["0 B", "500 B", "1,000 B"])
        #expect(labels(1_048_576, .bytes) == ["0 MiB", "0.5 MiB", "1 MiB"])
        #expect(labels(7 * 1_073_741_824, .bytes) == ["0 GiB", "2 GiB", "4 GiB", "6 GiB", "8 GiB"])
    }

    @Test func countsNeverStepByLessThanOne() {
        #expect(labels(0) == ["0", "1"])
        #expect(labels(1) == ["0", "1"])
        #expect(labels(2) == ["0", "1", "2"])
    }

    @Test(arguments: [
        0, 1e-9, 0.3, 1, 9.99, 1e3, 1_023, 1_024, 123_456_789, 1e18, 1e300, -4, .nan, .infinity, -.infinity,
    ])
    func theTopIsFiniteAndHoldsEveryValue(_ highest: Double) {
        for unit in [ValueUnit.count, .bytes, .microseconds] {
            let axis = ValueAxis(highest: highest, unit: unit)
            #expect(axis.top.isFinite && axis.top > 0)
            #expect(axis.ticks.count >= 2 && axis.ticks.count <= 7)
            #expect(axis.ticks.allSatisfy { $0.value.isFinite && !$0.label.isEmpty })
            if highest.isFinite, highest <= 1e18 { #expect(axis.top >= highest * 0.999_999) }
        }
    }

    @Test func timesStepWithinTheirUnit() {
        #expect(labels(70, .microseconds) == ["0 µs", "20 µs", "40 µs", "60 µs", "80 µs"])
        #expect(labels(900, .microseconds) == ["0 ms", "0.5 ms", "1 ms"], "not 1,000 µs")
        #expect(labels(1_200, .microseconds) == ["0 ms", "0.5 ms", "1 ms", "1.5 ms"])
        #expect(labels(3_500_000, .microseconds) == ["0 s", "1 s", "2 s", "3 s", "4 s"])
        #expect(labels(110e6, .microseconds) == ["0 s", "50 s", "100 s", "150 s"])
        #expect(labels(600e6, .microseconds) == ["0 min", "5 min", "10 min"])
    }

    private func powers(_ highest: Double, _ unit: ValueUnit = .count) -> [String] {
        ValueAxis(powersTo: highest, unit: unit).ticks.map(\.label)
    }

    @Test func powersOfTenBeginAboveZero() {
        #expect(powers(0) == ["0", "1", "10"])
        #expect(powers(10) == ["0", "1", "10"])
        #expect(powers(11) == ["0", "1", "10", "100"])
        #expect(powers(1_000) == ["0", "1", "10", "100", "1k"], "a rounded logarithm adds no tick")
        #expect(powers(2e6) == ["0", "1", "10", "100", "1k", "10k", "100k", "1M", "10M"])
        #expect(powers(1e18) == ["0", "1", "1k", "1M", "1G", "1T", "1P", "1E"])
        #expect(powers(2_000, .microseconds) == ["0", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms"])
        #expect(powers(50_000, .bytes) == ["0", "1 B", "32 B", "1 KiB", "32 KiB", "1 MiB"])
    }

    @Test func onAnAxisOfPowersEachIsOneStepHigher() {
        let axis = ValueAxis(powersTo: 1_000, unit: .count)
        #expect(axis.height(0) == 0)
        #expect(axis.height(1) == 0.25)
        #expect(abs(axis.height(100) - 0.75) < 1e-12)
        #expect(abs(axis.height(1_000) - 1) < 1e-12)
        #expect(axis.height(0.5) == 0.125, "below 1 it is even")
        #expect(axis.height(1e300) == 1)
        #expect(axis.height(-3) == 0)
    }

    @Test(arguments: [0, 1e-9, 0.3, 1, 9.99, 1e3, 1e7, 123_456_789, 1e18, 1e300, -4, .nan, .infinity])
    func anAxisOfPowersHasAHandfulOfTicksAndHoldsEveryValue(_ highest: Double) {
        for unit in [ValueUnit.count, .bytes, .microseconds] {
            let axis = ValueAxis(powersTo: highest, unit: unit)
            #expect(axis.ticks.count >= 3 && axis.ticks.count <= 9)
            #expect(axis.ticks.allSatisfy { axis.height($0.value).isFinite })
            if highest.isFinite, highest <= 1e18 { #expect(axis.top >= highest * 0.999_999) }
        }
    }
}
