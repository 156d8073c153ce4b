import GeoIP
import SQLite

/// Visits by country in a range or window: the answer of `/api/metrics/geo`.
public struct GeoAnswer: Sendable {
    public struct Entry: Sendable, Equatable {
        public let code: String
        public let count: Int64
    }

    /// nil for a window that was asked for by its ends.
    public let range: SeriesRange?
    public let source: SeriesAnswer.Source
    /// Unix ms; nil for everything when there is nothing.
    public let requestedSince: Int64?
    /// Unix ms, not part of the window; nil for up to now.
    public let requestedUntil: Int64?
    public let availableSince: Int64?
    public let partial: Bool
    /// Whole hours stand for a window that begins within one.
    public let approximate: Bool
    /// Countries, most visits first; those under GEO_MIN_COUNT are one of the extras.
    public let countries: [Entry]
    /// LOCAL, XX, T1 and, when some were folded, OTHER.
    public let extras: [Entry]

    /// Width of what is counted by, ms.
    public var bucket: Int64 { source == .hourly ? hourMilliseconds : minuteMilliseconds }
    public var totalVisits: Int64 { (countries + extras).reduce(0) { $0 &+ $1.count } }
    public var top: ArraySlice<Entry> { countries.prefix(8) }
    public var extraTop: ArraySlice<Entry> { extras.prefix(5) }
    /// The original's words.
    public static let scope = "browser page visits to HTML routes"
    /// Countries too few to be named.
    public static let otherCode = "OTHER"
}

extension History {
    /// Visits in one of the original's ranges, with those that no flush has written yet.
    /// - Parameters:
    ///   - minimum: GEO_MIN_COUNT.
    ///   - now: Unix ms.
    public func geo(_ range: SeriesRange, minimum: Int64 = 1, now: Int64) async throws -> GeoAnswer {
        let slots = meter.slots
        return try await read { connection in
            let live = try Self.unwritten(connection, slots)
            let wanted: SeriesAnswer.Source = range.minuteBucket != nil ? .minute : .hourly
            let other: SeriesAnswer.Source = wanted == .minute ? .hourly : .minute
            var source = wanted
            var available = try Self.oldest(connection, source, hasLive: !live.isEmpty, now: now)
            if available == nil {
                source = other
                available = try Self.oldest(connection, source, hasLive: false, now: now)
            }
            let requested = range.span.map { now - $0 } ?? available
            let since = max(requested ?? available ?? now, available ?? now)
            var visits: CountryTable.Totals = live
            if available != nil {
                let table = Self.table(source)
                // An hour belongs to the range when any of it does.
                let from = source == .hourly ? since - hourMilliseconds + 1 : since
                visits.merge(try table.visits(connection, from: from), uniquingKeysWith: boundedSum)
            }
            return Self.answer(
                visits, range: range, source: source, requested: requested, until: nil, available: available,
                approximate: available != nil && source == .hourly && range.span != nil, minimum: minimum)
        }
    }

    /// Visits in a window: by minute where that reaches back far enough, else by whole hours.
    public func geo(_ window: SeriesWindow, minimum: Int64 = 1, now: Int64) async throws -> GeoAnswer {
        let slots = meter.slots
        return try await read { connection in
            let live =
                window.until >= now && window.from ?? now <= now ? try Self.unwritten(connection, slots) : [:]
            let oldestMinute = try CountryTable.minutes.oldest(connection)
            let oldestHour = try CountryTable.hours.oldest(connection)
            let from = window.from ?? [oldestHour, oldestMinute].compactMap { $0 }.min() ?? window.until
            let reachesBack = oldestMinute.map { $0 <= from || floorTo(hourMilliseconds, $0) == oldestHour }
            let source: SeriesAnswer.Source = reachesBack ?? false ? .minute : .hourly
            let start =
                source == .hourly ? floorTo(hourMilliseconds, from) : floorTo(minuteMilliseconds, from)
            var visits = try Self.table(source).visits(connection, from: start, until: window.until)
            visits.merge(live, uniquingKeysWith: boundedSum)
            let available = source == .minute ? oldestMinute : oldestHour
            return Self.answer(
                visits, range: nil, source: source, requested: from, until: window.until,
                available: available,
                approximate: start != from || source == .hourly && window.until % hourMilliseconds != 0,
                minimum: minimum)
        }
    }

    private static func table(_ source: SeriesAnswer.Source) -> CountryTable {
        source == .hourly ? .hours : .minutes
    }

    private static func oldest(
        _ connection: Connection, _ source: SeriesAnswer.Source, hasLive: Bool, now: Int64
    ) throws -> Int64? {
        try table(source).oldest(connection) ?? (hasLive ? floorTo(table(source).width, now) : nil)
    }

    /// What was counted since the last flush, in the same transaction as everything else that is read.
    private static func unwritten(_ connection: Connection, _ slots: Slots) throws -> CountryTable.Totals {
        let stored = try SeriesTotals.readVisits(connection)
        var live: CountryTable.Totals = [:]
        for country in CountryCode.all {
            let slot = SlotTable.slot(country)
            let (known, now) = (stored[SlotTable.names[slot]] ?? 0, slots.load(slot))
            if now > known { live[country] = Int64(clamping: now - known) }
        }
        return live
    }

    static func answer(
        _ visits: CountryTable.Totals, range: SeriesRange?, source: SeriesAnswer.Source, requested: Int64?,
        until: Int64?, available: Int64?, approximate: Bool, minimum: Int64
    ) -> GeoAnswer {
        var (countries, extras): ([GeoAnswer.Entry], [GeoAnswer.Entry]) = ([], [])
        var folded: Int64 = 0
        for (country, count) in visits {
            if !country.isCountry {
                extras.append(.init(code: country.text, count: count))
            } else if count < minimum {
                folded += count
            } else {
                countries.append(.init(code: country.text, count: count))
            }
        }
        if folded > 0 { extras.append(.init(code: GeoAnswer.otherCode, count: folded)) }
        func ordered(_ entries: [GeoAnswer.Entry]) -> [GeoAnswer.Entry] {
            entries.sorted { ($1.count, $0.code) < ($0.count, $1.code) }
        }
        return GeoAnswer(
            range: range, source: source, requestedSince: requested, requestedUntil: until,
            availableSince: available,
            partial: requested.flatMap { requested in available.map { $0 > requested } } ?? false,
            approximate: approximate, countries: ordered(countries), extras: ordered(extras))
    }
}
