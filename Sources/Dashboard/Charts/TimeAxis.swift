public import Foundation

/// Where a chart's time axis has its ticks, and what they say.
///
/// Ticks lie on round local times: on full hours, midnights, Mondays, firsts of a month. On the days of a
/// clock change they stay round; the distance between two of them changes instead.
public struct TimeAxis: Sendable {
    public struct Tick: Sendable, Equatable {
        /// Unix ms.
        public let t: Int64
        public let label: String
        /// Begins something larger than its neighbours: a day among hours, a year among months.
        public let isMajor: Bool
    }

    /// In order of time, all within the window.
    public let ticks: [Tick]

    /// - Parameters:
    ///   - from: start of the window, Unix ms.
    ///   - to: end of the window, Unix ms.
    ///   - maximumIntervals: more intervals than this never fit into the window.
    public init(from: Int64, to: Int64, timeZone: TimeZone, maximumIntervals: Int64 = 9) {
        let (from, to) = (CivilTime.clamped(from), CivilTime.clamped(to))
        guard from < to else {
            ticks = []
            return
        }
        let step = Step.finest(for: to - from, maximumIntervals)
        ticks = step.candidates(from, to, timeZone).filter { from <= $0 && $0 <= to }.map { t in
            step.tick(t, CivilTime(t, in: timeZone))
        }
    }
}

/// The distance between two ticks.
private enum Step {
    case minutes(Int64)
    case days(Int64)
    case weeks(Int64)
    case months(Int64)
    case years(Int64)

    private static let belowYears: [Step] =
        [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map { .minutes($0) }
        + [.days(1), .days(2), .weeks(1), .weeks(2), .months(1), .months(2), .months(3), .months(6)]

    static func finest(for span: Int64, _ maximumIntervals: Int64) -> Step {
        if let step = belowYears.first(where: { span <= $0.length * maximumIntervals }) { return step }
        let years: [Int64] = [1, 10, 100, 1_000, 10_000, 100_000].flatMap { [$0, $0 * 2, $0 * 5] }
        return .years(years.first { span <= Step.years($0).length * maximumIntervals } ?? 1_000_000)
    }

    /// Rough length in ms.
    private var length: Int64 {
        switch self {
        case .minutes(let count): count * 60_000
        case .days(let count): count * CivilTime.dayMilliseconds
        case .weeks(let count): count * 7 * CivilTime.dayMilliseconds
        case .months(let count): count * 30 * CivilTime.dayMilliseconds
        case .years(let count): count * 365 * CivilTime.dayMilliseconds
        }
    }

    /// Tick times from a little before the window to a little after it.
    func candidates(_ from: Int64, _ to: Int64, _ timeZone: TimeZone) -> [Int64] {
        let (first, last) = (CivilTime.day(from, in: timeZone), CivilTime.day(to, in: timeZone))
        let (start, end) = (CivilTime.date(ofDay: first), CivilTime.date(ofDay: last))
        func midnight(_ day: Int64) -> Int64 { CivilTime.midnight(day, in: timeZone) }
        switch self {
        case .minutes(let count):
            // Zones differ from UTC by multiples of a quarter of an hour.
            let stride = min(count, 15) * 60_000
            let aligned = CivilTime.floor(from, stride) * stride
            return Swift.stride(from: aligned, through: to, by: Int(stride)).filter {
                CivilTime.local($0, in: timeZone) % (count * 60_000) == 0
            }
        case .days(let count):
            return (first...last + 1).filter { $0.isMultiple(of: count) }.map(midnight)
        case .weeks(let count):
            // Day 4 of 1970 was a Monday.
            return (first...last + 1).filter { ($0 - 4).isMultiple(of: 7 * count) }.map(midnight)
        case .months(let count):
            let months = (start.year * 12 + start.month - 1)...(end.year * 12 + end.month)
            return months.filter { $0.isMultiple(of: count) }.map { month in
                let year = CivilTime.floor(month, 12)
                return midnight(CivilTime.day(ofYear: year, month: month - year * 12 + 1, day: 1))
            }
        case .years(let count):
            return stride(
                from: CivilTime.floor(start.year, count) * count, through: end.year + count, by: Int(count)
            ).map { midnight(CivilTime.day(ofYear: $0, month: 1, day: 1)) }
        }
    }

    func tick(_ t: Int64, _ time: CivilTime) -> TimeAxis.Tick {
        switch self {
        case .minutes:
            let isMidnight = time.hour == 0 && time.minute == 0
            return TimeAxis.Tick(t: t, label: isMidnight ? time.dayAndMonth : time.time, isMajor: isMidnight)
        case .days, .weeks:
            return TimeAxis.Tick(t: t, label: time.dayAndMonth, isMajor: time.day == 1)
        case .months:
            let isYear = time.month == 1
            return TimeAxis.Tick(t: t, label: isYear ? "\(time.year)" : time.monthName, isMajor: isYear)
        case .years:
            return TimeAxis.Tick(t: t, label: "\(time.year)", isMajor: false)
        }
    }
}
