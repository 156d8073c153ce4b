import GeoIP
import SQLite

extension Store {
    /// One reading of everything, ready to be written.
    struct Flush: Sendable {
        /// A minute's point and its visits; several when the disk was away for a while.
        struct Sample: Sendable {
            var point: Point
            var visits: CountryTable.Totals
        }
        var samples: [Sample]
        /// What the slots hold now.
        let values: [UInt64]
        /// What the store holds.
        let stored: [UInt64]
    }

    static func apply(
        _ flush: Flush, _ connection: Connection, _ retention: Retention, zone: String, series: [Int64]
    ) throws {
        var standing: CountryTable.Totals = [:]
        for country in CountryCode.all where flush.stored[SlotTable.slot(country)] > 0 {
            standing[country] = Int64(clamping: flush.stored[SlotTable.slot(country)])
        }
        for sample in flush.samples {
            try fold(sample.point, connection, zone: zone)
            try CountryTable.minutes.add(connection, at: sample.point.t, sample.visits, standing: standing)
            try CountryTable.hours.add(connection, at: sample.point.t, sample.visits, standing: standing)
            standing.merge(sample.visits, uniquingKeysWith: +)
        }
        for slot in flush.values.indices
        where flush.values[slot] != flush.stored[slot] && SlotTable.isLifetime(slot) {
            // The slots were raised to the store's totals at start, so what they hold is never behind.
            try SeriesTotals.write(connection, series[slot], flush.values[slot])
        }
        if let newest = flush.samples.last?.point.t {
            try prune(connection, retention, zone: zone, at: newest)
        }
    }

    /// Folds a minute into every table in the same transaction: whatever instant a crash hits, they agree.
    static func fold(_ point: Point, _ connection: Connection, zone: String) throws {
        let minute = floorTo(minuteMilliseconds, point.t)
        try PointTable.minutes.fold(
            connection, point, key: point.t, in: minute..<(minute + minuteMilliseconds))
        let hour = floorTo(hourMilliseconds, point.t)
        try PointTable.hours.fold(connection, point, key: hour, in: hour..<(hour + hourMilliseconds))
        for zone in Set([LocalDays.utcName, zone]) {
            let day = LocalDays(zone).day(of: point.t)
            try PointTable.days(zone).fold(connection, point, key: day.lowerBound, in: day)
        }
    }

    private static func prune(
        _ connection: Connection, _ retention: Retention, zone: String, at t: Int64
    ) throws {
        // A clock that ran ahead for a moment must not cost the past: an hour of samples has to agree with it.
        // Countries by minute go by the clock alone, for a day was promised.
        try CountryTable.minutes.prune(connection, before: t - retention.countryMinutes * minuteMilliseconds)
        guard
            let agreed = try PointTable.minutes.newestTime(connection, skipping: samplesBehindClock - 1)
        else { return }
        let now = min(t, agreed)
        let (minutes, hours) = (
            retention.minutes * minuteMilliseconds, retention.hours * hourMilliseconds
        )
        try PointTable.minutes.prune(
            connection, before: now - minutes, slack: min(hourMilliseconds, minutes / 100))
        try PointTable.hours.prune(connection, before: now - hours)
        try CountryTable.hours.prune(connection, before: now - retention.countryHours * hourMilliseconds)
        guard retention.days > 0 else { return }
        for zone in Set([LocalDays.utcName, zone]) {
            try PointTable.days(zone).prune(connection, before: now - retention.days * dayMilliseconds)
        }
    }
}
