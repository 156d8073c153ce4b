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
        for unit in [ValueUnit.count, .bytes] {
            let axis = ValueAxis(highest: highest, unit: unit)
            #expect(axis.top.isFinite && axis.top > 0)
            #expect(axis.ticks.count >= 2 && axis.ticks.count <= 7)
            #expect(axis.ticks.allSatisfy { $0.value.isFinite && !$0.label.isEmpty })
            if highest.isFinite, highest <= 1e18 { #expect(axis.top >= highest * 0.999_999) }
        }
    }
}
