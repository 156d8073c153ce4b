import GeoIP
import SQLite

/// Visits by country, by minute or by hour, as running totals.
///
/// A row says how many visits a country had in its time and how many in all up to the end of it. The first
/// time with visits in each period (an hour for minutes, a day for hours) has a row for every country seen so
/// far. So what a country had between two times is the difference of two rows, both found by reading one
/// period at most, however long the window is.
struct CountryTable: Sendable {
    let name: String
    /// Width of a row's time, ms.
    let width: Int64
    /// How often all countries are written, ms.
    let period: Int64

    static let minutes = CountryTable(
        name: "country_minutes", width: minuteMilliseconds, period: hourMilliseconds)
    static let hours = CountryTable(name: "country_hours", width: hourMilliseconds, period: dayMilliseconds)

    typealias Totals = [CountryCode: Int64]

    // MARK: Reading

    /// The oldest time with visits.
    func oldest(_ connection: Connection) throws -> Int64? {
        try connection.integer(
            "SELECT t FROM \(name) WHERE t >= ? AND t < ? AND visits > 0 ORDER BY t LIMIT 1",
            .integer(-timeMax), .integer(timeMax))
    }

    /// Visits of each country in `from ..< until`.
    func visits(_ connection: Connection, from: Int64, until: Int64 = .max) throws -> Totals {
        let (from, until) = (max(from, -timeMax), min(until, timeMax))
        let before = try standings(connection, beforeFirstFrom: from, until: until)
        var visits: Totals = [:]
        for (country, end) in try standings(connection, before: until) where end.t >= from {
            let more = end.total &- (before[country] ?? 0)
            if more > 0 { visits[country] = boundedCount(more) }
        }
        return visits
    }

    /// What each country stands at after its last row.
    func totals(_ connection: Connection) throws -> Totals {
        try standings(connection, before: timeMax).mapValues(\.total)
    }

    /// What each country stood at before its first row in the window, for those with a row before the first
    /// period in it is over; whoever comes later started at 0.
    private func standings(_ connection: Connection, beforeFirstFrom from: Int64, until: Int64) throws
        -> Totals
    {
        let next = floorTo(period, from).addingReportingOverflow(period).partialValue
        let whole =
            try connection.integer(
                "SELECT min(t) FROM \(name) WHERE t >= ? AND t < ?", .integer(max(from, next)),
                .integer(timeMax))
        let last = min(until, whole.map { $0 + 1 } ?? timeMax)
        let rows = try connection.query(
            "SELECT country, total - visits, min(t) FROM \(name) WHERE t >= ? AND t < ? GROUP BY country",
            [.integer(from), .integer(last)]
        ) { (CountryCode($0.text(0) ?? ""), $0.integer(1) ?? 0) }
        return Dictionary(rows.compactMap { row in row.0.map { ($0, row.1) } }) { $1 }
    }

    /// What each country stands at after its last row before `until`, and when that was.
    private func standings(
        _ connection: Connection, before until: Int64
    ) throws -> [CountryCode: (total: Int64, t: Int64)] {
        guard
            let newest = try connection.integer(
                "SELECT max(t) FROM \(name) WHERE t >= ? AND t < ?", .integer(-timeMax), .integer(until))
        else { return [:] }
        let rows = try connection.query(
            "SELECT country, total, max(t) FROM \(name) WHERE t >= ? AND t < ? GROUP BY country",
            [.integer(floorTo(period, newest)), .integer(until)]
        ) { (CountryCode($0.text(0) ?? ""), $0.integer(1) ?? 0, $0.integer(2) ?? 0) }
        return Dictionary(rows.compactMap { row in row.0.map { ($0, (row.1, row.2)) } }) { $1 }
    }

    // MARK: Writing

    /// Adds visits at a time.
    /// - Parameter standing: what each country stood at before, all visits ever.
    func add(_ connection: Connection, at t: Int64, _ visits: Totals, standing: Totals) throws {
        guard !visits.isEmpty else { return }
        let key = floorTo(width, t)
        let newest = try connection.integer(
            "SELECT max(t) FROM \(name) WHERE t < ?", .integer(timeMax))
        let isNewest = newest.map { key >= $0 } ?? true
        // The clock went back: what counts is what stands before this time, not before this call.
        let before = isNewest ? standing : try standings(connection, at: key)
        let hasWhole = try connection.integer(
            "SELECT 1 FROM \(name) WHERE t >= ? AND t <= ? LIMIT 1", .integer(floorTo(period, key)),
            .integer(key))
        if hasWhole == nil {
            for (country, total) in before where total > 0 {
                try connection.execute(
                    "INSERT OR IGNORE INTO \(name) (t, country, visits, total) VALUES (?, ?, 0, ?)",
                    .integer(key), .text(country.text), .integer(total))
            }
        }
        for (country, count) in visits {
            try connection.execute(
                """
                INSERT INTO \(name) (t, country, visits, total) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (t, country) DO UPDATE SET visits = visits + ?3, total = total + ?3
                """, .integer(key), .text(country.text), .integer(count),
                .integer((before[country] ?? 0) + count))
            if !isNewest {
                try raise(connection, country, by: count, after: key, isNew: (before[country] ?? 0) == 0)
            }
        }
    }

    /// Visits that came at an earlier time than what is written already are part of all later totals.
    private func raise(
        _ connection: Connection, _ country: CountryCode, by count: Int64, after key: Int64, isNew: Bool
    ) throws {
        try connection.execute(
            "UPDATE \(name) SET total = total + ? WHERE country = ? AND t > ?", .integer(count),
            .text(country.text), .integer(key))
        guard isNew else { return }
        try connection.execute(
            """
            INSERT OR IGNORE INTO \(name) (t, country, visits, total)
            SELECT min(t), ?, 0, ? FROM \(name) WHERE t > ? GROUP BY t / \(period)
            """, .text(country.text), .integer(count), .integer(key))
    }

    private func standings(_ connection: Connection, at t: Int64) throws -> Totals {
        var standing = try standings(connection, beforeFirstFrom: t + 1, until: timeMax)
        for (country, end) in try standings(connection, before: t + 1) { standing[country] = end.total }
        return standing
    }

    /// Removes the periods that ended by `cutoff`, a few at most. Whole ones: without the row of all countries
    /// at its beginning, nothing can be read from the rest of a period.
    func prune(_ connection: Connection, before cutoff: Int64) throws {
        guard
            let oldest = try connection.integer(
                "SELECT min(t) FROM \(name) WHERE t >= ?", .integer(-timeMax)), oldest < timeMax
        else { return }
        let end = min(floorTo(period, cutoff), floorTo(period, oldest) + 2 * period)
        guard oldest < end else { return }
        try connection.execute("DELETE FROM \(name) WHERE t < ?", .integer(end))
    }
}
