public import Foundation
public import SignalboxMetrics

/// Everything the dashboard shows, read at one moment. From here to the page there is no I/O.
public struct StatsInput: Sendable {
    /// Unix ms.
    public var now: Int64
    public var version: String
    /// The zone of all times on the page.
    public var timeZone: TimeZone
    /// Unix ms.
    public var startedAt: Int64
    /// ISO 8601.
    public var firstBoot: String
    /// Counts since first boot.
    public var totals: [OriginalTotal: UInt64]
    /// Counts since this process started.
    public var sinceStart: [OriginalTotal: UInt64]
    /// Refusals with 429 since first boot, by reason.
    public var limited: [LimitReason: UInt64]
    /// Refusals with 429 since this process started, by reason.
    public var limitedSinceStart: [LimitReason: UInt64]
    public var gauges: GaugeReadings
    /// The highest values ever.
    public var peaks: [Peak: UInt64]
    public var processStarts: UInt64
    public var uncleanShutdowns: UInt64
    /// The run before this one ended by closing the store.
    public var lastRunEndedCleanly: Bool
    /// Store files that were moved aside at this start.
    public var storesSetAside: UInt64
    public var residentBytes: Int
    /// Unix ms; 0: not yet in this run.
    public var lastFlushAt: Int64
    public var retention: Store.Retention
    /// Bytes the store grew by in the last day; nil when nothing is known of a day ago.
    public var storeGrowth: Int64?
    /// The start of the oldest retained point, Unix ms.
    public var oldestAt: Int64?
    /// Visits by country in the range.
    public var geo: GeoAnswer
    public var geoSelfTest: GeoSelfTest
    /// The newest minute points, oldest first, at most 60.
    public var recent: [Point]
    public var series: SeriesAnswer
    public var metric: ChartMetric
    /// The visitor asked for the page to reload itself; links then keep it so.
    public var reloads = false

    /// Reads what the page needs.
    /// - Parameters:
    ///   - geo: how countries are found.
    ///   - now: Unix ms.
    public static func read(
        from metrics: Metrics, version: String, range: SeriesRange, metric: ChartMetric, geo: GeoFacts,
        now: Int64
    ) async throws -> StatsInput {
        let meter = metrics.meter
        let size = Int64(metrics.gauges()[.storeBytes])
        let dayAgo = try await metrics.history.series(
            SeriesWindow(from: now - 86_400_000, until: now, step: .width(3_600_000)),
            metrics: [SeriesMetric("store_size_bytes")].compactMap { $0 })
        func read<Key: Hashable>(_ keys: some Sequence<Key>, _ value: (Key) -> UInt64) -> [Key: UInt64] {
            Dictionary(uniqueKeysWithValues: keys.map { ($0, value($0)) })
        }
        return StatsInput(
            now: now, version: version, timeZone: metrics.store.timeZone, startedAt: metrics.startedAt,
            firstBoot: metrics.store.firstBoot,
            totals: read(OriginalTotal.allCases) { meter.total(of: $0) },
            sinceStart: read(OriginalTotal.allCases) { $0.counters.reduce(0) { $0 + meter.sinceStart($1) } },
            limited: read(LimitReason.allCases) { meter.total(.limited($0)) },
            limitedSinceStart: read(LimitReason.allCases) { meter.sinceStart(.limited($0)) },
            gauges: metrics.gauges(),
            peaks: read(Peak.allCases) { meter.highest($0) },
            processStarts: meter.total(.processStarts),
            uncleanShutdowns: meter.total(.uncleanShutdowns),
            lastRunEndedCleanly: metrics.store.endedCleanly,
            storesSetAside: meter.sinceStart(.storeSetAside),
            residentBytes: SignalboxMetrics.residentBytes(),
            lastFlushAt: metrics.lastFlushAt,
            retention: metrics.store.retention,
            storeGrowth: dayAgo.points.first.flatMap { point in
                point.t > now - 86_400_000 + 7_200_000 || point[.storeBytes] == 0
                    ? nil : size - point[.storeBytes]
            },
            oldestAt: try await metrics.history.availableSince(),
            geo: try await metrics.history.geo(range, minimum: metrics.visitsMin, now: now),
            geoSelfTest: try await GeoSelfTest.read(from: metrics, geo, now: now),
            recent: try await metrics.history.recentMinutes(LastHour.minutes),
            series: try await metrics.history.series(
                range, metrics: metric.stats.compactMap { SeriesMetric($0.rawValue) }, now: now),
            metric: metric)
    }

    func total(_ total: OriginalTotal) -> UInt64 { totals[total] ?? 0 }
    func peak(_ peak: Peak) -> UInt64 { peaks[peak] ?? 0 }
    /// Whole seconds since a time in ms, never below 0.
    func seconds(since t: Int64) -> Int64 { max(0, (now - t) / 1_000) }
}
