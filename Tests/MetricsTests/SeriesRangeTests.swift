import Testing
@testable import SignalboxMetrics

@Suite("The ranges of the original")
struct SeriesRangeTests {
    @Test(
        "a query value names a range; anything else is a day",
        arguments: [
            ("all", SeriesRange.all), ("1month", .month), ("1week", .week), ("1day", .day),
            ("8h", .eightHours),
            ("1h", .hour), ("", .day), ("ALL", .day), ("2h", .day), ("toString", .day),
        ])
    func query(text: String, expected: SeriesRange) {
        #expect(SeriesRange(query: text) == expected)
    }

    @Test("no query value is a day")
    func missing() {
        #expect(SeriesRange(query: nil) == .day)
    }

    @Test("labels are the original's")
    func labels() {
        #expect(SeriesRange.allCases.map(\.label) == ["ALL", "1 month", "1 week", "1 day", "8h", "1h"])
    }

    private static let hour: Int64 = 3_600_000
    private static let day: Int64 = 24 * hour
    private static let widths: [(age: Int64, bucket: Int64)] = [
        (0, hour), (8 * day, hour), (8 * day + 1, 6 * hour), (180 * day, 6 * hour), (180 * day + 1, day),
        (365 * day, day), (365 * day + 1, 7 * day), (5 * 365 * day, 7 * day),
    ]

    @Test("everything there is gets wider buckets the further it reaches back", arguments: widths)
    func bucketOfAll(age: Int64, bucket: Int64) {
        let now = Bench.hour
        #expect(History.hourlyBucket(.all, available: now - age, now: now) == bucket)
    }

    @Test("without any history everything there is counts as 31 days")
    func bucketOfNothing() {
        #expect(History.hourlyBucket(.all, available: nil, now: Bench.hour) == 6 * Self.hour)
    }
}
