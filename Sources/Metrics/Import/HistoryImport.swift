public import Foundation
public import GeoIP
public import SQLite

/// What another server had counted, ready to be taken into a store.
public struct HistoryImport: Sendable {
    /// Visits of a country in one minute or hour.
    public struct Visits: Sendable {
        public let t: Int64
        public let country: CountryCode
        public let count: Int64

        public init(t: Int64, country: CountryCode, count: Int64) {
            self.t = t
            self.country = country
            self.count = count
        }
    }

    public var totals: [OriginalTotal: UInt64] = [:]
    public var processStarts: UInt64 = 0
    public var peaks: [Peak: UInt64] = [:]
    /// ISO 8601.
    public var firstBoot: String?
    public var minutes: [Point] = []
    public var hours: [Point] = []
    public var countryMinutes: [Visits] = []
    public var countryHours: [Visits] = []

    public init() {}

    /// How many were new to the store.
    public struct Taken: Sendable {
        public var totals = 0
        public var minutes = 0
        public var hours = 0
        /// Times with visits that were new, whatever the number of countries.
        public var countryMinutes = 0
        public var countryHours = 0
    }

    /// Takes everything into the store within the connection's transaction. What is there already stays as
    /// it is, so the same import again changes nothing. No server may be using the store.
    /// - Parameter timeZone: STATS_TZ.
    public func take(into connection: Connection, timeZone: TimeZone) throws -> Taken {
        try Schema.prepare(connection)
        var taken = Taken()
        let series = try SeriesTotals.identifiers(connection)
        taken.totals = try takeTotals(connection, series)
        for point in minutes where try PointTable.minutes.writeIfNew(connection, point) { taken.minutes += 1 }
        for point in hours where try PointTable.hours.writeIfNew(connection, point) { taken.hours += 1 }
        if taken.minutes + taken.hours > 0 {
            for zone in Set([LocalDays.utcName, LocalDays.name(of: timeZone)]) {
                try Days.rebuild(connection, zone: zone)
            }
            // Hours that came from elsewhere needn't be the sums of their minutes; `check` asks ours alone.
            let newest = max(minutes.map(\.lastT).max() ?? 0, hours.map(\.lastT).max() ?? 0)
            let known = Int64(try Store.meta(connection, "imported_until", otherwise: "0")) ?? 0
            try Store.setMeta(connection, "imported_until", String(max(known, newest)))
        }
        try takeVisits(connection, series, &taken)
        return taken
    }

    private func takeTotals(_ connection: Connection, _ series: [Int64]) throws -> Int {
        var wanted: [Int: UInt64] = [Counter.processStarts.slot: processStarts]
        for (total, value) in totals { wanted[SlotTable.slot(imported: total)] = value }
        for (peak, value) in peaks { wanted[SlotTable.highest(peak)] = value }
        var raised = 0
        for (slot, value) in wanted where value <= SlotTable.valueMax {
            guard Int64(clamping: value) > (try SeriesTotals.read(connection, slot)) else { continue }
            try SeriesTotals.write(connection, series[slot], value)
            raised += 1
        }
        if let firstBoot {
            let known = try Store.meta(connection, "first_boot_at", otherwise: firstBoot)
            if firstBoot < known { try Store.setMeta(connection, "first_boot_at", firstBoot) }
        }
        return raised
    }

    private func takeVisits(_ connection: Connection, _ series: [Int64], _ taken: inout Taken) throws {
        let hours = try CountryTable.hours.merged(connection, with: countryHours)
        let minutes = try CountryTable.minutes.merged(connection, with: countryMinutes)
        taken.countryHours = hours.times.count
        taken.countryMinutes = minutes.times.count
        guard hours.added + minutes.added > 0 else { return }
        let stored = try SeriesTotals.readVisits(connection)
        var totals: CountryTable.Totals = [:]
        for country in CountryCode.all {
            let slot = SlotTable.slot(country)
            let known = Int64(clamping: stored[SlotTable.names[slot]] ?? 0)
            let total = max(
                boundedSum(known, hours.more[country] ?? 0), hours.sums[country] ?? 0,
                minutes.sums[country] ?? 0)
            guard total > 0 else { continue }
            totals[country] = total
            try SeriesTotals.write(connection, series[slot], UInt64(total))
        }
        try CountryTable.hours.rewrite(connection, hours.rows, upTo: totals, hours.sums)
        try CountryTable.minutes.rewrite(connection, minutes.rows, upTo: totals, minutes.sums)
    }
}

extension CountryTable {
    /// The table's rows with visits and new ones, in order.
    struct Merged {
        var rows: [HistoryImport.Visits] = []
        /// Visits of each country in all rows.
        var sums: Totals = [:]
        /// Visits of each country in the new rows.
        var more: Totals = [:]
        var added = 0
        /// The times of the new rows.
        var times: Set<Int64> = []
    }

    func merged(_ connection: Connection, with new: [HistoryImport.Visits]) throws -> Merged {
        struct Key: Hashable {
            let t: Int64
            let country: CountryCode
        }
        var merged = Merged()
        merged.rows = try connection.query("SELECT t, country, visits FROM \(name) WHERE visits > 0") { row in
            CountryCode(row.text(1) ?? "").map {
                HistoryImport.Visits(t: row.integer(0) ?? 0, country: $0, count: row.integer(2) ?? 0)
            }
        }.compactMap { $0 }
        let known = Set(merged.rows.map { Key(t: $0.t, country: $0.country) })
        for row in new where !known.contains(Key(t: row.t, country: row.country)) {
            merged.rows.append(row)
            merged.more[row.country] = boundedSum(merged.more[row.country] ?? 0, row.count)
            merged.added += 1
            merged.times.insert(row.t)
        }
        for row in merged.rows {
            merged.sums[row.country] = boundedSum(merged.sums[row.country] ?? 0, row.count)
        }
        merged.rows.sort { ($0.t, $0.country.index) < ($1.t, $1.country.index) }
        return merged
    }

    /// Writes the whole table anew, its running totals ending at `totals`.
    func rewrite(
        _ connection: Connection, _ rows: [HistoryImport.Visits], upTo totals: Totals, _ sums: Totals
    ) throws {
        try connection.run("DELETE FROM \(name)")
        var standing = totals.reduce(into: Totals()) { $0[$1.key] = $1.value - (sums[$1.key] ?? 0) }
        var (period, time) = (Int64.min, Int64.min)
        let insert = """
            INSERT INTO \(name) (t, country, visits, total) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (t, country) DO UPDATE SET visits = visits + ?3, total = ?4
            """
        for row in rows {
            if floorTo(self.period, row.t) != period {
                (period, time) = (floorTo(self.period, row.t), row.t)
                for (country, total) in standing where total > 0 {
                    try connection.execute(
                        insert, .integer(time), .text(country.text), .integer(0), .integer(total))
                }
            }
            standing[row.country] = boundedSum(standing[row.country] ?? 0, row.count)
            try connection.execute(
                insert, .integer(row.t), .text(row.country.text), .integer(row.count),
                .integer(standing[row.country] ?? 0))
        }
    }
}
