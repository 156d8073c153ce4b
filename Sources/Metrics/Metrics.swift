import Atomics
import Foundation
import GeoIP
public import Logging
import SQLite

/// The metrics module: counts, keeps, and hands out what was counted.
///
/// Made once at start from a database and a place for the live counters. ``meter`` is where the relay
/// counts; ``history`` reads points back; ``tick(at:)`` is called by the sampler.
public final class Metrics: Sendable {
    public let meter: Meter
    public let store: Store
    public let history: History
    /// Unix ms.
    public let startedAt: Int64
    /// GEO_MIN_COUNT: a country with fewer visits is shown as one of the others.
    public let visitsMin: Int64
    private let logger: Logger
    private let sources: [any GaugeSource]
    private let flushing: Flushing
    let exposedVisits: ExposedVisits
    private let lastFlush = ManagedAtomic<Int64>(0)
    private let flushes = ManagedAtomic<UInt64>(0)
    private let isWritable = ManagedAtomic<Bool>(true)
    private let unwritten = ManagedAtomic<Int>(0)
    /// The newest sample, Unix ms; 0 before the first one of a new store.
    private let sampledAt: ManagedAtomic<Int64>
    /// When the store or a part of it was last set aside, Unix ms; 0: never.
    private let setAsideAt: ManagedAtomic<Int64>
    public let alerts: AlertEvaluator

    /// Opens the live counters and joins them with the store's totals.
    /// - Parameters:
    ///   - countersPath: file of the slot mapping; nil keeps the slots in ordinary memory.
    ///   - visitsMin: GEO_MIN_COUNT.
    ///   - now: Unix ms.
    public init(
        store: Store, countersPath: String?, visitsMin: Int64 = 1,
        thresholds: AlertThresholds = .init(), sources: (Meter) -> [any GaugeSource],
        now: Int64, logger: Logger
    ) {
        self.store = store
        self.logger = logger
        startedAt = now
        self.visitsMin = visitsMin
        var slots = Slots()
        if let countersPath {
            do {
                let opened = try SlotMapping.open(path: countersPath, uuid: store.uuid)
                slots = opened.slots
                if opened.setAside != nil {
                    logger.warning("The counters' file belonged to another store; it was moved aside.")
                }
            } catch {
                // Serving matters more than surviving a crash without a gap of a minute.
                logger.critical(
                    "The counters' file can't be used; a crash would lose up to a minute of counts: \(error)")
            }
        }
        // A mapping that lived on after a crash is ahead of the store; after power loss it is gone and the
        // store is ahead. Either way the higher one is what was counted.
        var stored = [UInt64](repeating: 0, count: SlotTable.count)
        for (slot, name) in SlotTable.names.enumerated() {
            // What no counting can have reached is damage; counting goes on from 0 rather than not at all.
            let total = store.totals[name] ?? 0
            if total > SlotTable.valueMax {
                logger.critical("A total in the store is damaged; it starts anew.")
            }
            stored[slot] = total > SlotTable.valueMax ? 0 : total
            slots.restore(slot, to: stored[slot])
        }
        slots.add(1, to: Counter.processStarts.slot)
        if !store.endedCleanly { slots.add(1, to: Counter.uncleanShutdowns.slot) }
        meter = Meter(slots: slots)
        meter.beginLimitedMinute(now)
        history = History(store: store, meter: meter)
        exposedVisits = ExposedVisits(slots: slots)
        flushing = Flushing(stored: stored)
        sampledAt = ManagedAtomic(store.newestSampleAt)
        // Not in a future that a clock has taken back since.
        setAsideAt = ManagedAtomic(max(0, min(store.setAsideAt, now)))
        alerts = AlertEvaluator(thresholds, history: history, meter: meter, logger: logger)
        self.sources = sources(meter)
    }

    /// Reads every gauge now.
    public func gauges() -> GaugeReadings {
        var readings = GaugeReadings()
        for source in sources { source.read(into: &readings) }
        readings[.storeBytes] = Double(store.database.bytesOnDisk)
        readings[.lastFlushTimestamp] = Double(lastFlushAt) / 1_000
        readings[.storeSetAsideTimestamp] = Double(setAsideAt.load(ordering: .relaxed)) / 1_000
        readings[.storeWritable] = isWritable.load(ordering: .relaxed) ? 1 : 0
        readings[.storeUnwrittenPoints] = Double(unwritten.load(ordering: .relaxed))
        readings[.alertSilences] = Double(alerts.silences.count)
        readings[.alertsFiring] = Double(alerts.firing)
        return readings
    }

    /// When the store last took a flush, Unix ms; 0: never in this run.
    public var lastFlushAt: Int64 { lastFlush.load(ordering: .relaxed) }

    /// Changes with each flush, over restarts too; what an ETag is made of.
    public var revision: String {
        String(startedAt, radix: 36) + "-" + String(flushes.load(ordering: .relaxed), radix: 36)
    }

    /// Takes a sample labelled `t` (Unix ms) and has it written, unless the disk is still busy with an
    /// earlier one: then it waits in memory with that one's successors.
    /// - Returns: the sample.
    @discardableResult
    public func tick(at t: Int64) async -> Point {
        let point = await flushing.sample(t, self)
        guard await !flushing.isWriting else {
            // More than any disk that works takes.
            if await flushing.writingFor > .seconds(2) { isWritable.store(false, ordering: .relaxed) }
            return point
        }
        Task { await self.write(t) }
        return point
    }

    /// Takes a sample labelled `t` (Unix ms) and writes all that waits. When the store can't be written, the
    /// counts stay where they are and land with a later flush, each in its own minute.
    public func flush(at t: Int64) async {
        await flushing.sample(t, self)
        await write(t)
    }

    /// The last flush of a run: written at once, then the store is noted as well ended.
    public func close(at t: Int64) async {
        await flushing.sample(t, self)
        do {
            try await flushing.write(self) { try self.store.writeLast($0) }
        } catch {
            logger.error("The metrics store could not take the last flush: \(error)")
        }
    }

    private func write(_ t: Int64) async {
        do {
            if store.isSuspect.exchange(false, ordering: .relaxed) { try await mend(t) }
            try await flushing.write(self) { try await self.store.write($0) }
        } catch let error as SQLiteError where error.isUnreadable {
            do {
                guard try await mend(t) else { throw error }
                try await flushing.write(self) { try await self.store.write($0) }
            } catch { return failed(error) }
        } catch { return failed(error) }
        lastFlush.store(t, ordering: .relaxed)
        flushes.wrappingIncrement(ordering: .relaxed)
        if !isWritable.exchange(true, ordering: .relaxed) {
            logger.notice("The metrics store can be written again; nothing counted meanwhile was lost.")
        }
        meter.add(.storeFlushes(.ok))
    }

    private func failed(_ error: any Error) {
        isWritable.store(false, ordering: .relaxed)
        meter.add(.storeFlushes(.failed))
        logger.error(
            "The metrics store can't be written; counts are kept and will be tried again: \(error)")
    }

    /// Sets damaged tables of history aside, so that counting goes on in new ones.
    @discardableResult
    private func mend(_ t: Int64) async throws -> Bool {
        let damaged = try await store.setDamagedAside(at: t)
        guard !damaged.isEmpty else { return false }
        meter.add(.storeSetAside, UInt64(damaged.count))
        setAsideAt.store(t, ordering: .relaxed)
        logger.critical(
            """
            A part of the store is damaged and was set aside: \(damaged.joined(separator: ", ")). New tables \
            took their place; `signalbox check` says more.
            """)
        return true
    }

    /// Counts that the whole store was set aside before this one was made.
    /// - Parameter now: Unix ms.
    public func noteStoreSetAside(at now: Int64) {
        meter.add(.storeSetAside)
        setAsideAt.store(now, ordering: .relaxed)
        do { try store.noteSetAside(at: now) } catch {
            logger.error("The store can't note when the one before it was set aside: \(error)")
        }
    }

    func noteUnwritten(_ count: Int) { unwritten.store(count, ordering: .relaxed) }

    // MARK: Sampling

    /// What happened since `sampled`, as a minute's point.
    func sample(at t: Int64, since sampled: [UInt64]) -> (sample: Store.Flush.Sample, values: [UInt64]) {
        let peaks = takeMinutePeaks()
        noteTime(of: t)
        let now = meter.slots.values()
        func delta(_ slot: Int) -> Int64 { Int64(clamping: now[slot] - min(now[slot], sampled[slot])) }
        func total(_ original: OriginalTotal) -> Int64 {
            original.slots.reduce(0) { $0 &+ Int64(clamping: now[$1]) }
        }
        let gauges = gauges()
        var point = Point(t: t, lastT: t, samples: 1)
        for (index, source) in StoredStat.sources.enumerated() {
            point[index: index] =
                switch source {
                case .slots(let slots): slots.reduce(0) { $0 &+ delta($1) }
                case .peak(let peak): Int64(clamping: peaks[peak.rawValue])
                case .gauge(let read): Int64(read.reduce(0) { $0 + gauges[$1] })
                case .resident: Int64(residentBytes())
                case .quantile(let quantile): quantile.microseconds { UInt64(clamping: delta($0)) }
                }
        }
        point.messagesTotal = total(.messages)
        point.roomsTotal = total(.roomsCreated)
        point.bugsTotal = total(.bugReports)
        var visits: CountryTable.Totals = [:]
        for country in CountryCode.all where delta(SlotTable.slot(country)) > 0 {
            visits[country] = delta(SlotTable.slot(country))
        }
        exposedVisits.sampled(at: t, now, before: sampled, minimum: UInt64(clamping: visitsMin))
        return (.init(point: point, visits: visits), now)
    }

    /// Counts the minutes that went by without a sample, and tells the time to what goes by minutes.
    private func noteTime(of t: Int64) {
        // A sample ends its minute.
        meter.beginLimitedMinute(t + minuteMilliseconds)
        let last = sampledAt.exchange(t, ordering: .relaxed)
        guard last > 0, t > last else { return }
        let missed = (t - last) / minuteMilliseconds - 1
        if missed > 0 { meter.add(.missedSamples, UInt64(missed)) }
    }

    private func takeMinutePeaks() -> [UInt64] {
        let gauges = gauges()
        let present: [Peak: Double] = [
            .rooms: gauges[.activeRooms], .subscribers: Double(gauges.activeSubscribers),
        ]
        return Peak.allCases.map { peak in
            let value = UInt64(present[peak] ?? 0)
            return max(meter.slots.exchange(value, in: SlotTable.thisMinute(peak)), value)
        }
    }
}
