import Foundation

/// Calendar days of a time zone. A day may have 23 or 25 hours, and not every zone begins it at 00:00.
struct LocalDays: Sendable {
    static let utcName = "UTC"
    private let calendar: Calendar?

    /// - Parameter zone: a name of the tz database; one that nobody knows counts as UTC.
    init(_ zone: String) {
        // By far the most days are UTC's, and those are a division.
        guard zone != Self.utcName, let known = TimeZone(identifier: zone) else {
            calendar = nil
            return
        }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = known
        self.calendar = calendar
    }

    /// What the store calls a zone: all that are UTC by another name share its days.
    static func name(of zone: TimeZone) -> String {
        ["UTC", "GMT", "Etc/UTC", "Etc/GMT", "Zulu", "Etc/Zulu", "UCT", "Etc/UCT"].contains(zone.identifier)
            ? utcName : zone.identifier
    }

    /// The day that a time belongs to, Unix ms.
    func day(of t: Int64) -> Range<Int64> {
        guard let calendar,
            let interval = calendar.dateInterval(
                of: .day, for: Date(timeIntervalSince1970: (Double(t) / 1_000).rounded(.down)))
        else {
            let start = floorTo(dayMilliseconds, t)
            return start..<(start + dayMilliseconds)
        }
        let start = Int64(interval.start.timeIntervalSince1970 * 1_000)
        return start..<max(start + 1, Int64(interval.end.timeIntervalSince1970 * 1_000))
    }

    /// `2026-06-15` for the day that a time belongs to.
    func name(of t: Int64) -> String {
        let date = Date(timeIntervalSince1970: (Double(t) / 1_000).rounded(.down))
        let offset = Int64(calendar?.timeZone.secondsFromGMT(for: date) ?? 0)
        return String(timestamp(t + offset * 1_000).prefix(10))
    }

    /// Whether hours of UTC lie within days of the zone at a time; in zones off by half an hour they don't.
    func fitsHours(at t: Int64) -> Bool {
        let date = Date(timeIntervalSince1970: Double(t) / 1_000)
        return (calendar?.timeZone.secondsFromGMT(for: date) ?? 0) % 3_600 == 0
    }
}
