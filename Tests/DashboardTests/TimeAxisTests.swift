import Foundation
import Testing

@testable import Dashboard

@Suite struct TimeAxisTests {
    private let hour: Int64 = 3_600_000
    private let day: Int64 = 86_400_000

    private func labels(_ from: Int64, _ to: Int64, _ zone: TimeZone = .gmt) -> [String] {
        TimeAxis(from: from, to: to, timeZone: zone).ticks.map(\.label)
    }

    @Test func ticksOfEveryRangeAreRoundTimes() {
        #expect(labels(noon - hour, noon) == ["11:40", "11:50", "12:00", "12:10", "12:20", "12:30"])
        #expect(labels(noon - 8 * hour, noon).first == "05:00")
        #expect(
            labels(noon - day, noon) == [
                "15:00", "18:00", "21:00", "15 Jun", "03:00", "06:00", "09:00", "12:00",
            ])
        #expect(
            labels(noon - 7 * day, noon)
                == ["9 Jun", "10 Jun", "11 Jun", "12 Jun", "13 Jun", "14 Jun", "15 Jun"])
        #expect(labels(noon - 30 * day, noon) == ["18 May", "25 May", "1 Jun", "8 Jun", "15 Jun"], "Mondays")
        #expect(labels(noon - 300 * day, noon) == ["Sep", "Nov", "2026", "Mar", "May"])
        #expect(labels(noon - 5 * 365 * day, noon) == ["2022", "2023", "2024", "2025", "2026"])
    }

    @Test func whatBeginsSomethingLargerIsMajor() {
        let axis = TimeAxis(from: noon - day, to: noon, timeZone: .gmt)
        #expect(axis.ticks.filter(\.isMajor).map(\.label) == ["15 Jun"])
    }

    @Test func ticksStayRoundOverAClockChange() throws {
        let berlin = try #require(TimeZone(identifier: "Europe/Berlin"))
        // Clocks went from 02:00 to 03:00 on 2026-03-29.
        let midnight = CivilTime.midnight(CivilTime.day(ofYear: 2026, month: 3, day: 29), in: berlin)
        #expect(CivilTime(midnight, in: berlin).dateAndTime == "2026-03-29 00:00")
        #expect(
            labels(midnight, midnight + 23 * hour, berlin)
                == ["29 Mar", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "30 Mar"])
    }

    @Test func ticksOfAHalfHourZoneAreRoundThere() throws {
        let kolkata = try #require(TimeZone(identifier: "Asia/Kolkata"))
        #expect(labels(noon - 4 * hour, noon, kolkata).first == "14:30")
        #expect(labels(noon - day, noon, kolkata).contains("15 Jun"))
    }

    @Test func anyWindowHasAHandfulOfTicks() {
        for span in [Int64(1), 999, minute, hour, day, 40 * day, 4_000 * day, 4_000_000 * day, .max] {
            let from = span == .max ? .min : noon - span
            #expect(labels(from, noon).count <= 11, "a window of \(span) ms")
        }
        #expect(labels(noon, noon).isEmpty)
        #expect(labels(noon, noon - 1).isEmpty)
        #expect(labels(.max - 5, .max).isEmpty)
    }

    @Test func civilTimeAgreesWithFoundation() throws {
        let zone = try #require(TimeZone(identifier: "America/St_Johns"))
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        for t in stride(from: Int64(-40_000) * day, to: 60_000 * day, by: 7_777_777_777) {
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second],
                from: Date(timeIntervalSince1970: Double(t) / 1_000))
            // Zones of the 19th century are off by seconds, which Foundation rounds its own way.
            guard parts.year ?? 0 > 1_936 else { continue }
            let time = CivilTime(t, in: zone)
            #expect(time.year == Int64(parts.year ?? 0))
            #expect(time.month == Int64(parts.month ?? 0))
            #expect(time.day == Int64(parts.day ?? 0))
            #expect(time.hour == Int64(parts.hour ?? 0))
            #expect(time.minute == Int64(parts.minute ?? 0))
        }
    }
}
