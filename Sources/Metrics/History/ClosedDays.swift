import SQLite

/// The last days of STATS_TZ that are over, for those who may not follow the present.
///
/// A day counts as over an hour after its midnight: by then its last minutes have been written, and what is
/// known of it doesn't change while somebody watches.
public struct ClosedDays: Sendable {
    public struct Day: Sendable {
        /// Start, Unix ms.
        public let t: Int64
        /// As people of the zone write it, `2026-06-15`.
        public let name: String
        /// Samples that were taken, and minutes in which one could have been.
        public let sampled: Int64
        public let minutes: Int64

        public init(t: Int64, name: String, sampled: Int64, minutes: Int64) {
            self.t = t
            self.name = name
            self.sampled = sampled
            self.minutes = minutes
        }
    }

    /// The end of the last one, Unix ms.
    public let until: Int64
    /// Oldest first, without a gap from the first day that anything is known of.
    public let days: [Day]
    /// Messages since first boot, at the end of the last one.
    public let messages: Int64
    /// Page visits by country in all of them.
    public let geo: GeoAnswer
}

extension History {
    private static let settling = hourMilliseconds

    /// When the last day that is over ended, Unix ms; what ``closedDays(_:minimum:now:)`` is good for.
    public func lastDayEnd(now: Int64) -> Int64 {
        LocalDays(store.zone).day(of: now - Self.settling).lowerBound
    }

    /// - Parameters:
    ///   - count: at most so many days.
    ///   - minimum: a country with fewer visits is one of the others.
    ///   - now: Unix ms.
    public func closedDays(_ count: Int, minimum: Int64, now: Int64) async throws -> ClosedDays {
        let calendar = LocalDays(store.zone)
        let until = lastDayEnd(now: now)
        var starts = [until]
        for _ in 0..<count { starts.append(calendar.day(of: starts[starts.count - 1] - 1).lowerBound) }
        let from = starts[starts.count - 1]
        let answer = try await series(SeriesWindow(from: from, until: until, step: .calendarDay))
        let points = Dictionary(answer.points.map { (calendar.day(of: $0.t).lowerBound, $0) }) { $1 }
        let (known, visits) = try await read { connection in
            (
                try Self.firstSampled(connection) ?? until,
                // Whole hours only: what is said of a day must not depend on when it is asked.
                try CountryTable.hours.visits(
                    connection, from: floorTo(hourMilliseconds, from),
                    until: floorTo(hourMilliseconds, until))
            )
        }
        let days = starts.dropFirst().reversed().compactMap { start -> ClosedDays.Day? in
            let day = calendar.day(of: start)
            guard day.upperBound > known else { return nil }
            let minutes = (day.upperBound - max(day.lowerBound, known)) / minuteMilliseconds
            return ClosedDays.Day(
                t: start, name: calendar.name(of: start), sampled: points[start]?.samples ?? 0,
                minutes: minutes)
        }
        let geo = Self.answer(
            visits, range: nil, source: .hourly, requested: from, until: until, available: nil,
            approximate: true, minimum: minimum)
        let total = answer.points.last.flatMap(\.messagesTotal)
        return ClosedDays(
            until: until, days: days,
            messages: total ?? answer.points.reduce(0) { boundedSum($0, $1[.messages]) }, geo: geo)
    }

    /// When the first sample of all began, Unix ms: what came before was no downtime. Kept hours say it to the
    /// hour, and minutes, while they reach back so far, to the minute.
    private static func firstSampled(_ connection: Connection) throws -> Int64? {
        guard let available = try availableSince(connection) else { return nil }
        guard let minute = try PointTable.minutes.oldest(connection), minute - available < hourMilliseconds
        else { return available }
        return max(available, floorTo(minuteMilliseconds, minute))
    }
}
