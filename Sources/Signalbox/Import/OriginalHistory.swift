import Foundation
import GeoIP
import NIOCore
import SignalboxMetrics
import Web

/// The original's five metrics files, read by the rules of its own loader.
struct OriginalHistory {
    private(set) var history = HistoryImport()
    private(set) var tallies: [ImportTally] = []
    private let retention: Store.Retention
    /// Unix ms.
    private let now: Int64
    /// A clock that was a day ahead is forgiven; a record of a later time would stand for it for ever.
    private var latest: Int64 { now + 86_400_000 }

    init(retention: Store.Retention, now: Int64) {
        self.retention = retention
        self.now = now
    }

    typealias Progress = (Int) -> Void

    /// `metrics.json`: totals, peaks, and how often it had started.
    mutating func readTotals(_ bytes: ByteBuffer) throws {
        guard case .object(let members) = try JSONParser.parse(bytes) else {
            throw JSONError(description: "it is no object")
        }
        var tally = ImportTally(OriginalFile.totals.name)
        for total in OriginalTotal.allCases {
            guard let value = members[total.rawValue] else { continue }
            tally.read += 1
            history.totals[total] = UInt64(OriginalNumber.count(value, &tally))
        }
        for (peak, name) in [(Peak.rooms, "peak_concurrent_rooms"), (.subscribers, "peak_concurrent_subs")] {
            guard let value = members[name] else { continue }
            tally.read += 1
            history.peaks[peak] = UInt64(OriginalNumber.count(value, &tally))
        }
        if let starts = members["process_starts_total"] {
            tally.read += 1
            history.processStarts = UInt64(OriginalNumber.count(starts, &tally))
        }
        // Only a date goes into the store, whatever stands there.
        history.firstBoot = members["first_boot_at"]?.string.flatMap { text in
            text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z/.asciiOnlyDigits()).map {
                String($0.0)
            }
        }.flatMap { text in
            let styles = [false, true].map { Date.ISO8601FormatStyle(includingFractionalSeconds: $0) }
            return styles.contains { (try? Date(text, strategy: $0)) != nil } ? text : nil
        }
        tallies.append(tally)
    }

    /// `metrics_history.json`: a sample a minute.
    mutating func readMinutes(_ bytes: ByteBuffer, progress: Progress) throws {
        var tally = ImportTally(OriginalFile.minutes.name)
        let cutoff = now - retention.minutes * 60_000
        var points: [Int64: Point] = [:]
        var previous: JSONValue?
        try JSONParser.elements(of: bytes) { record, position in
            tally.read += 1
            defer { progress(position) }
            guard case .object = record else { return tally.drop(.notAnObject) }
            guard let t = OriginalNumber.time(record["t"]) else { return tally.drop(.noTime) }
            guard t <= latest else { return tally.drop(.ahead) }
            // What is counted only as a total is the difference to the record before, even one too old.
            defer { previous = record }
            guard t >= cutoff else { return tally.drop(.tooOld) }
            let point = Self.minute(record, t, after: previous, &tally)
            if points[t] != nil { tally.mend(.sameTime) }
            points[t, default: Point(t: t)].merge(point)
        }
        history.minutes = points.values.sorted { $0.t < $1.t }
        tallies.append(tally)
    }

    private static func minute(
        _ record: JSONValue, _ t: Int64, after previous: JSONValue?, _ tally: inout ImportTally
    ) -> Point {
        var point = Point(t: t, lastT: t, samples: 1)
        point[.messages] = OriginalNumber.count(record["d_messages"], &tally)
        point[.rooms] = OriginalNumber.count(record["d_rooms"], &tally)
        point[.bytes] = OriginalNumber.count(record["d_bytes"], &tally)
        point[.bugs] = OriginalNumber.count(record["d_bugs"], &tally)
        point.messagesTotal = OriginalNumber.count(record["messages"], &tally)
        point.roomsTotal = OriginalNumber.count(record["rooms_created"], &tally)
        point.bugsTotal = OriginalNumber.count(record["bugs"], &tally)
        point[.activeRooms] = OriginalNumber.count(record["active_rooms"], &tally)
        point[.activeSubs] = OriginalNumber.count(record["active_subs"], &tally)
        point[.peakRooms] = point[.activeRooms]
        point[.peakSubs] = point[.activeSubs]
        let counted: [(StoredStat, String)] = [
            (.roomsEvicted, "rooms_evicted"), (.httpPosts, "http_posts"), (.http4xx, "h4xx"),
            (.http5xx, "h5xx"), (.http429, "h429"), (.wsConnects, "ws"), (.sseConnects, "sse"),
            (.longpollWakes, "lp_wakes"), (.longpollTimeouts, "lp_timeouts"),
        ]
        for (stat, name) in counted {
            guard let before = previous.flatMap({ OriginalNumber.finite($0[name]) }) else { continue }
            point[stat] = max(
                0, OriginalNumber.count(record[name], &tally) - Int64(max(0, min(before, 9e15))))
        }
        return point
    }

    /// `metrics_hourly.json`: a bucket an hour.
    mutating func readHours(_ bytes: ByteBuffer, progress: Progress) throws {
        var tally = ImportTally(OriginalFile.hours.name)
        var points: [Point] = []
        try JSONParser.elements(of: bytes) { record, position in
            tally.read += 1
            defer { progress(position) }
            guard case .object = record else { return tally.drop(.notAnObject) }
            guard let t = OriginalNumber.time(record["t"]) else { return tally.drop(.noTime) }
            guard t <= latest else { return tally.drop(.ahead) }
            var point = Point(
                t: t, lastT: OriginalNumber.count(record["last_t"], &tally),
                samples: OriginalNumber.count(record["samples"], &tally))
            point[.messages] = OriginalNumber.count(record["messages"], &tally)
            point[.rooms] = OriginalNumber.count(record["rooms"], &tally)
            point[.bugs] = OriginalNumber.count(record["bugs"], &tally)
            point[.peakRooms] = OriginalNumber.count(record["peak_rooms"], &tally)
            point[.peakSubs] = OriginalNumber.count(record["peak_subs"], &tally)
            point.messagesTotal = OriginalNumber.total(record["messages_total"], &tally)
            point.roomsTotal = OriginalNumber.total(record["rooms_total"], &tally)
            point.bugsTotal = OriginalNumber.total(record["bugs_total"], &tally)
            points.append(point)
        }
        let kept = Int(clamping: retention.hours)
        for _ in 0..<max(0, points.count - kept) { tally.drop(.beyondRetention) }
        var hours: [Int64: Point] = [:]
        for point in points.suffix(kept) {
            guard hours[point.t] != nil else {
                hours[point.t] = point
                continue
            }
            tally.mend(.sameTime)
            hours[point.t]?.merge(point)
        }
        history.hours = hours.values.sorted { $0.t < $1.t }
        tallies.append(tally)
    }

    /// Without hours the original folds them from its minutes.
    mutating func foldHoursIfMissing() {
        guard history.hours.isEmpty, !history.minutes.isEmpty else { return }
        var hours: [Point] = []
        for point in history.minutes {
            let start = point.t - point.t % 3_600_000
            if hours.last?.t != start { hours.append(Point(t: start)) }
            hours[hours.count - 1].merge(point)
        }
        history.hours = hours
        var tally = ImportTally(Self.folded)
        tally.read = hours.count
        tallies.append(tally)
    }

    /// `metrics_geo_minute.json` or `metrics_geo_hourly.json`.
    mutating func readCountries(_ bytes: ByteBuffer, byHour: Bool, progress: Progress) throws {
        var tally = ImportTally((byHour ? OriginalFile.countryHours : .countryMinutes).name)
        let cutoff = byHour ? 1 : now - retention.countryMinutes * 60_000
        let kept = Int(clamping: byHour ? retention.countryHours : retention.countryMinutes)
        var buckets: [(t: Int64, visits: [CountryCode: Int64])] = []
        try JSONParser.elements(of: bytes) { record, position in
            tally.read += 1
            defer { progress(position) }
            guard case .object = record else { return tally.drop(.notAnObject) }
            guard let t = OriginalNumber.time(record["t"]) else { return tally.drop(.noTime) }
            guard t <= latest else { return tally.drop(.ahead) }
            guard t >= cutoff else { return tally.drop(.tooOld) }
            buckets.append((t, Self.visits(record["countries"], &tally)))
        }
        for _ in 0..<max(0, buckets.count - kept) { tally.drop(.beyondRetention) }
        var rows: [Int64: [CountryCode: Int64]] = [:]
        for bucket in buckets.suffix(kept) {
            if rows[bucket.t] != nil { tally.mend(.sameTime) }
            rows[bucket.t, default: [:]].merge(bucket.visits, uniquingKeysWith: boundedSum)
        }
        let visits = rows.flatMap { t, countries in
            countries.map { HistoryImport.Visits(t: t, country: $0.key, count: $0.value) }
        }.sorted { ($0.t, $0.country.index) < ($1.t, $1.country.index) }
        if byHour { history.countryHours = visits } else { history.countryMinutes = visits }
        tallies.append(tally)
    }

    private static func visits(_ value: JSONValue?, _ tally: inout ImportTally) -> [CountryCode: Int64] {
        guard case .object(let members)? = value else { return [:] }
        var visits: [CountryCode: Int64] = [:]
        for (name, value) in members {
            let count = OriginalNumber.finite(value)?.rounded(.down) ?? 0
            guard let country = CountryCode(name.filter { !$0.isWhitespace }) else {
                tally.drop(.badCountry)
                continue
            }
            guard count > 0, count <= Double(countMax) else {
                tally.drop(count > 0 ? .tooLarge : .noCount)
                continue
            }
            visits[country] = boundedSum(visits[country] ?? 0, Int64(count))
        }
        return visits
    }

    private static let folded = "hours folded from \(OriginalFile.minutes.name)"

    /// Notes what became of the records in the store.
    mutating func note(_ taken: HistoryImport.Taken) {
        for index in tallies.indices {
            let new =
                switch tallies[index].name {
                case OriginalFile.totals.name: taken.totals
                case OriginalFile.minutes.name: taken.minutes
                case OriginalFile.countryMinutes.name: taken.countryMinutes
                case OriginalFile.countryHours.name: taken.countryHours
                default: taken.hours
                }
            tallies[index].settle(imported: new)
        }
    }
}
