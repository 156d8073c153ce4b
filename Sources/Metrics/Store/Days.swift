import SQLite

/// Day points, folded anew from finer ones: after an import, an upgrade, or a change of STATS_TZ.
enum Days {
    /// Folds every day of the zone that hours or minutes cover; older days stay as they are.
    ///
    /// A UTC day is the sum of its hours. Another zone's is too where hours fit into it; where they don't,
    /// minutes are all there is to fold it from.
    static func rebuild(_ connection: Connection, zone: String) throws {
        let table = PointTable.days(zone)
        let days = LocalDays(zone)
        let firstMinute = try PointTable.minutes.oldest(connection)
        let firstHour = try PointTable.hours.oldest(connection)
        // Minutes know better than hours, but only from the first hour on that they cover whole.
        let covered = firstMinute.map { floorTo(hourMilliseconds, $0 + hourMilliseconds - 1) }
        let prefersMinutes = zone != LocalDays.utcName

        var day: Range<Int64>?
        var folded: [Point] = []
        func take(_ point: Point) {
            if day?.contains(point.t) != true {
                day = days.day(of: point.t)
                folded.append(Point(t: day?.lowerBound ?? point.t))
            }
            folded[folded.count - 1].merge(point)
        }
        let hoursUntil = prefersMinutes ? covered ?? .max : .max
        for point in try PointTable.hours.points(connection, until: hoursUntil)
        where days.fitsHours(at: point.t) { take(point) }
        if prefersMinutes, let covered {
            // Where an hour lies in two days, its minutes are all there is, from the first on.
            for point in try PointTable.minutes.points(connection)
            where point.t >= covered || firstHour == nil || !days.fitsHours(at: point.t) {
                take(point)
            }
        }
        for point in folded {
            // A day may have begun before what is kept: where more is known of it, that stays.
            let known = try table.points(connection, from: point.t, until: point.t + 1).first
            if let known, known.samples > point.samples { continue }
            try table.write(connection, point)
        }
    }
}
