import Testing

@testable import Dashboard

@Suite struct NumberTextTests {
    @Test(
        arguments: [
            (0, "0"), (1, "1"), (999, "999"), (9_999, "9,999"), (9_999.4, "9,999"), (9_999.6, "10k"),
            (12_345, "12.3k"), (99_950, "100k"), (999_499, "999k"), (999_950, "1M"), (1_234_567, "1.23M"),
            (8.5e9, "8.5G"), (1e18, "1E"), (-1_500, "-1,500"), (.nan, "–"), (.infinity, "–"),
        ] as [(Double, String)])
    func countsKeepThreeDigits(_ value: Double, _ text: String) {
        #expect(NumberText.count(value) == text)
    }

    @Test(
        arguments: [
            (0, "0 B"), (512, "512 B"), (1_023, "1,023 B"), (1_024, "1 KiB"), (1_536, "1.5 KiB"),
            (1_048_575, "1 MiB"), (12_900_000, "12.3 MiB"), (1_073_741_824, "1 GiB"), (.nan, "–"),
        ] as [(Double, String)])
    func bytesUseBinaryUnits(_ value: Double, _ text: String) {
        #expect(NumberText.bytes(value) == text)
    }

    @Test(
        arguments: [
            (0, "0 µs"), (7.25, "7.25 µs"), (850, "850 µs"), (999.6, "1 ms"), (1_200, "1.2 ms"),
            (12_345, "12.3 ms"), (999_600, "1 s"), (3_500_000, "3.5 s"), (90e6, "90 s"), (119.4e6, "119 s"),
            (119.6e6, "1.99 min"), (120e6, "2 min"), (3_600e6, "60 min"), (-1_500, "-1.5 ms"), (.nan, "–"),
            (.infinity, "–"), (1e300, "1,000,000,000,000,000 min"),
        ] as [(Double, String)])
    func measuredTimesUseTheLargestUnitThatFits(_ value: Double, _ text: String) {
        #expect(NumberText.microseconds(value) == text)
        #expect(ValueUnit.microseconds.text(value) == text)
    }

    @Test func exactGroupsThousands() {
        #expect(NumberText.exact(0) == "0")
        #expect(NumberText.exact(999) == "999")
        #expect(NumberText.exact(1_000) == "1,000")
        #expect(NumberText.exact(-1_234_567) == "-1,234,567")
        #expect(NumberText.exact(Int64.min) == "-9,223,372,036,854,775,808")
        #expect(NumberText.exact(UInt64.max) == "18,446,744,073,709,551,615")
    }

    @Test(
        arguments: [
            (-5, "0 s"), (40, "40 s"), (60, "1 min"), (3_599, "59 min"), (3_600, "1 h 00 min"),
            (86_399, "23 h 59 min"), (273_900, "3d 04:05"), (86_400_000, "1,000d 00:00"),
        ] as [(Int64, String)])
    func durations(_ seconds: Int64, _ text: String) {
        #expect(NumberText.duration(seconds: seconds) == text)
    }

    @Test func agesAndSpansAndShares() {
        #expect(NumberText.age(seconds: 0) == "just now")
        #expect(NumberText.age(seconds: 23) == "23 s ago")
        #expect(NumberText.age(seconds: 430) == "7 min ago")
        #expect(NumberText.age(seconds: 7_300) == "2 h ago")
        #expect(NumberText.age(seconds: 400_000) == "4 d ago")
        #expect(NumberText.span(minutes: 15) == "15 min")
        #expect(NumberText.span(minutes: 360) == "6 h")
        #expect(NumberText.span(minutes: 31 * 1_440) == "31 days")
        #expect(NumberText.span(minutes: 24 * 366 * 5 * 60) == "5 years")
        #expect(NumberText.percent(0) == "0%")
        #expect(NumberText.percent(0.0001) == "<0.1%")
        #expect(NumberText.percent(0.37) == "37%")
        #expect(NumberText.percent(0.9999) == ">99.9%")
        #expect(NumberText.percent(1) == "100%")
        #expect(NumberText.percent(.nan) == "–")
    }
}
