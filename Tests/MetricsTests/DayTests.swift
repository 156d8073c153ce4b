import Foundation
import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("A calendar day")
struct DayTests {
    /// A zone, a time in the day, and what the tz database says of it.
    static let odd: [(zone: String, at: String, start: String, end: String)] = [
        ("Europe/Berlin", "2025-10-26T12:00:00Z", "2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z"),
        ("Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("Asia/Kolkata", "2026-06-15T12:00:00Z", "2026-06-14T18:30:00Z", "2026-06-15T18:30:00Z"),
        ("America/St_Johns", "2025-03-09T12:00:00Z", "2025-03-09T03:30:00Z", "2025-03-10T02:30:00Z"),
        ("America/St_Johns", "2025-11-02T12:00:00Z", "2025-11-02T02:30:00Z", "2025-11-03T03:30:00Z"),
        // Samoa went over the date line: 29 December ends, 31 December begins.
        ("Pacific/Apia", "2011-12-30T08:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-30T11:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"),
        // No 00:00: the day begins at 01:00 on the wall.
        ("America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"),
        ("America/Sao_Paulo", "2018-11-03T12:00:00Z", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"),
        // 23:00 comes twice: the day has 25 hours.
        ("America/Sao_Paulo", "2018-02-17T12:00:00Z", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z"),
        ("Asia/Beirut", "2025-03-30T12:00:00Z", "2025-03-29T22:00:00Z", "2025-03-30T21:00:00Z"),
        ("Africa/Cairo", "2024-04-26T12:00:00Z", "2024-04-25T22:00:00Z", "2024-04-26T21:00:00Z"),
        ("Africa/Cairo", "2024-10-31T12:00:00Z", "2024-10-30T21:00:00Z", "2024-10-31T22:00:00Z"),
        ("Australia/Lord_Howe", "2025-04-06T05:00:00Z", "2025-04-05T13:00:00Z", "2025-04-06T13:30:00Z"),
        ("UTC", "1969-12-31T23:59:59Z", "1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z"),
    ]

    @Test("lasts from its first moment to the next day's, 23 to 25 hours", arguments: odd)
    func bounds(zone: String, at: String, start: String, end: String) {
        let day = LocalDays(zone).day(of: instant(at))
        #expect(timestamp(day.lowerBound) == timestamp(instant(start)))
        #expect(timestamp(day.upperBound) == timestamp(instant(end)))
    }

    @Test("begins where the last one ends, the year round", arguments: Set(odd.map(\.zone)).sorted())
    func gapless(zone: String) {
        let (days, civil) = (LocalDays(zone), TimeZone(identifier: zone) ?? .gmt)
        for year in [2011, 2018, 2025] {
            var t = days.day(of: instant("\(year)-01-01T12:00:00Z")).lowerBound
            for _ in 0..<366 {
                let day = days.day(of: t)
                #expect(day.lowerBound == t)
                #expect(days.day(of: day.upperBound - 1) == day)
                #expect(days.name(of: t) == CivilDay.name(t, civil))
                t = day.upperBound
            }
        }
    }

    @Test("of 25 hours holds 25 hours, one of 23 holds 23")
    func longAndShort() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, zone: "Europe/Berlin", retention: .forEver)
            for start in ["2025-10-25T00:00:00Z", "2026-03-28T00:00:00Z"] {
                for hour: Int64 in 0..<72 {
                    bench.meter.add(.messages(.http))
                    await bench.metrics.flush(at: instant(start) + hour * 3_600_000)
                }
            }
            let days = try await bench.days("Europe/Berlin")
            #expect(days.map { $0[.messages] } == [22, 25, 24, 1, 23, 23, 24, 2])
            #expect(days.map(\.samples) == [22, 25, 24, 1, 23, 23, 24, 2])
        }
    }

    @Test("in UTC is kept beside the zone's, and no third one")
    func both() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, zone: "Asia/Kolkata")
            bench.meter.add(.messages(.http), 3)
            await bench.metrics.flush(at: instant("2026-06-14T19:00:00Z"))
            #expect(try await bench.days().map(\.t) == [instant("2026-06-14T00:00:00Z")])
            #expect(try await bench.days("Asia/Kolkata").map(\.t) == [instant("2026-06-14T18:30:00Z")])
            let zones = try await bench.store.database.read {
                try $0.integer("SELECT count(DISTINCT zone) FROM days")
            }
            #expect(zones == 2)
        }
    }
}
