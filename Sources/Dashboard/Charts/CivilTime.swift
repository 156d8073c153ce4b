import Foundation

/// A moment as the clock and calendar on the wall show it.
///
/// Plain arithmetic, since a page asks hundreds of times and Foundation's calendar takes microseconds each.
struct CivilTime: Equatable {
    let year: Int64
    /// 1 ... 12.
    let month: Int64
    /// 1 ... 31.
    let day: Int64
    let hour: Int64
    let minute: Int64
    let second: Int64

    /// - Parameter milliseconds: Unix time.
    init(_ milliseconds: Int64, in timeZone: TimeZone) {
        let local = Self.local(milliseconds, in: timeZone)
        let day = Self.floor(local, Self.dayMilliseconds)
        let rest = (local - day * Self.dayMilliseconds) / 1_000
        (year, month, self.day) = Self.date(ofDay: day)
        (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60)
    }

    /// `2026-11-21`
    var date: String { "\(year)-\(Self.padded(month))-\(Self.padded(day))" }
    /// `02:58`
    var time: String { "\(Self.padded(hour)):\(Self.padded(minute))" }
    /// `02:58:07`
    var timeWithSeconds: String { "\(time):\(Self.padded(second))" }
    /// `2026-11-21 02:58`
    var dateAndTime: String { "\(date) \(time)" }
    /// `21 Nov`
    var dayAndMonth: String { "\(day) \(monthName)" }
    /// `Nov`
    var monthName: String { Self.months[Int(month) - 1] }

    static let dayMilliseconds: Int64 = 86_400_000
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// What a page calls the zone.
    static func name(of timeZone: TimeZone) -> String {
        ["GMT", "UTC", "Etc/UTC", "Etc/GMT"].contains(timeZone.identifier) ? "UTC" : timeZone.identifier
    }

    /// Unix time kept within what calendars can say, so that no arithmetic on it can overflow.
    static func clamped(_ milliseconds: Int64) -> Int64 {
        min(max(milliseconds, -8_640_000_000_000_000), 8_640_000_000_000_000)
    }

    /// Unix time moved by the zone's offset: its day and time of day are the local ones.
    static func local(_ milliseconds: Int64, in timeZone: TimeZone) -> Int64 {
        let milliseconds = clamped(milliseconds)
        let offset = timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(milliseconds) / 1_000))
        return milliseconds + Int64(offset) * 1_000
    }

    /// The number of the local day, counted from 1970-01-01.
    static func day(_ milliseconds: Int64, in timeZone: TimeZone) -> Int64 {
        floor(local(milliseconds, in: timeZone), dayMilliseconds)
    }

    /// When a local day begins, Unix ms.
    static func midnight(_ day: Int64, in timeZone: TimeZone) -> Int64 {
        let utc = day * dayMilliseconds
        // The offset at UTC's midnight may not be the one at the local midnight: look again from there.
        let guess = utc - (local(utc, in: timeZone) - utc)
        return utc - (local(guess, in: timeZone) - guess)
    }

    /// The date of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
    /// From Howard Hinnant's "chrono-compatible low-level date algorithms".
    static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = floor(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// The number of a date's day, counted from 1970-01-01.
    static func day(ofYear year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = floor(shiftedYear, 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Division that rounds down, also below zero.
    static func floor(_ value: Int64, _ width: Int64) -> Int64 {
        let quotient = value / width
        return value % width < 0 ? quotient - 1 : quotient
    }

    private static func padded(_ number: Int64) -> String { (number < 10 ? "0" : "") + "\(number)" }
}
