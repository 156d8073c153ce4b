import Foundation
import SignalboxMetrics

/// What the dashboard shows of the moment, read at once. From here to the page there is no I/O.
struct StatsInput: Sendable {
    /// Unix ms.
    var now: Int64
    var build: BuildFacts
    /// The zone of all times on the page.
    var timeZone: TimeZone
    /// Unix ms.
    var startedAt: Int64
    /// ISO 8601.
    var firstBoot: String
    /// Counts since first boot.
    var totals: [OriginalTotal: UInt64]
    /// Counts since this process started.
    var sinceStart: [OriginalTotal: UInt64]
    /// Refusals with 429 since first boot, by reason.
    var limited: [LimitReason: UInt64]
    /// Refusals with 429 since this process started, by reason.
    var limitedSinceStart: [LimitReason: UInt64]
    /// Who was let in and who wasn't, since first boot.
    var admissions: [Admission: UInt64]
    /// The same since this process started.
    var admissionsSinceStart: [Admission: UInt64]
    var gauges: GaugeReadings
    /// The highest values ever.
    var peaks: [Peak: UInt64]
    var processStarts: UInt64
    var uncleanShutdowns: UInt64
    /// The run before this one ended by closing the store.
    var lastRunEndedCleanly: Bool
    /// Store files that were moved aside at this start.
    var storesSetAside: UInt64
    var residentBytes: Int
    /// Unix ms; 0: not yet in this run.
    var lastFlushAt: Int64
    var geoSelfTest: GeoSelfTest
    var alerts = AlertFacts()
    /// The newest minute points, oldest first, at most 60.
    var recent: [Point]

    /// Reads what the page needs of the moment.
    /// - Parameters:
    ///   - selfTest: how countries are found.
    ///   - now: Unix ms.
    static func read(
        from metrics: Metrics, build: BuildFacts, selfTest: GeoSelfTest, now: Int64
    ) async throws -> StatsInput {
        let meter = metrics.meter
        func read<Key: Hashable>(_ keys: some Sequence<Key>, _ value: (Key) -> UInt64) -> [Key: UInt64] {
            Dictionary(uniqueKeysWithValues: keys.map { ($0, value($0)) })
        }
        return StatsInput(
            now: now, build: build, timeZone: metrics.store.timeZone, startedAt: metrics.startedAt,
            firstBoot: metrics.store.firstBoot,
            totals: read(OriginalTotal.allCases) { meter.total(of: $0) },
            sinceStart: read(OriginalTotal.allCases) { $0.counters.reduce(0) { $0 + meter.sinceStart($1) } },
            limited: read(LimitReason.allCases) { meter.total(.limited($0)) },
            limitedSinceStart: read(LimitReason.allCases) { meter.sinceStart(.limited($0)) },
            admissions: read(Admission.allCases) { meter.total(.admissions($0)) },
            admissionsSinceStart: read(Admission.allCases) { meter.sinceStart(.admissions($0)) },
            gauges: metrics.gauges(),
            peaks: read(Peak.allCases) { meter.highest($0) },
            processStarts: meter.total(.processStarts),
            uncleanShutdowns: meter.total(.uncleanShutdowns),
            lastRunEndedCleanly: metrics.store.endedCleanly,
            storesSetAside: meter.sinceStart(.storeSetAside),
            residentBytes: SignalboxMetrics.residentBytes(),
            lastFlushAt: metrics.lastFlushAt,
            geoSelfTest: selfTest,
            alerts: AlertFacts(metrics.alerts),
            recent: try await metrics.history.recentMinutes(LastHour.minutes))
    }

    func total(_ total: OriginalTotal) -> UInt64 { totals[total] ?? 0 }
    func peak(_ peak: Peak) -> UInt64 { peaks[peak] ?? 0 }
    /// Whole seconds since a time in ms, never below 0.
    func seconds(since t: Int64) -> Int64 { max(0, (now - t) / 1_000) }
}
