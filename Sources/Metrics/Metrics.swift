import Atomics
import Foundation
public import Logging
import SQLite

/// The metrics module: counts, keeps, and hands out what was counted.
///
/// Made once at start from a database and a place for the live counters. ``meter`` is where the relay
/// counts; ``history`` reads points back; ``flush(at:)`` is called by the sampler.
public final class Metrics: Sendable {
    public let meter: Meter
    public let store: Store
    public let history: History
    /// Unix ms.
    public let startedAt: Int64
    private let logger: Logger
    private let sources: [any GaugeSource]
    private let flushing: FlushState
    private let lastFlush = ManagedAtomic<Int64>(0)

    /// What the next flush compares with. Touched by one flush at a time.
    fileprivate actor FlushState {
        var flushed: [UInt64]
        var minutePeaks = [UInt64](repeating: 0, count: Peak.allCases.count)
        var isFlushing = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        init(flushed: [UInt64]) { self.flushed = flushed }
    }

    /// Opens the live counters and joins them with the store's totals.
    /// - Parameters:
    ///   - countersPath: file of the slot mapping; nil keeps the slots in ordinary memory.
    ///   - now: Unix ms.
    public init(
        store: Store, countersPath: String?, sources: (Meter) -> [any GaugeSource], now: Int64, logger: Logger
    ) {
        self.store = store
        self.logger = logger
        history = History(store: store)
        startedAt = now
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
        var flushed = [UInt64](repeating: 0, count: SlotTable.count)
        for (slot, name) in SlotTable.names.enumerated() {
            // What no counting can have reached is damage; counting goes on from 0 rather than not at all.
            let total = store.totals[name] ?? 0
            if total > SlotTable.valueMax {
                logger.critical("A total in the store is damaged; it starts anew.")
            }
            flushed[slot] = total > SlotTable.valueMax ? 0 : total
            slots.raise(slot, to: flushed[slot])
        }
        slots.add(1, to: Counter.processStarts.slot)
        if !store.endedCleanly { slots.add(1, to: Counter.uncleanShutdowns.slot) }
        meter = Meter(slots: slots)
        flushing = FlushState(flushed: flushed)
        self.sources = sources(meter)
    }

    /// Reads every gauge now.
    public func gauges() -> GaugeReadings {
        var readings = GaugeReadings()
        for source in sources { source.read(into: &readings) }
        readings[.storeBytes] = Double(store.database.bytesOnDisk)
        readings[.lastFlushTimestamp] = Double(lastFlush.load(ordering: .relaxed)) / 1_000
        return readings
    }

    /// When the store last took a flush, Unix ms; 0: never in this run.
    public var lastFlushAt: Int64 { lastFlush.load(ordering: .relaxed) }

    /// Takes a sample labelled `t` (Unix ms) and writes it. When the store can't be written, the counts
    /// stay where they are and land with the next flush.
    public func flush(at t: Int64) async {
        do {
            try await flushing.run(t, self) { try await self.store.write($0) }
            lastFlush.store(t, ordering: .relaxed)
            meter.add(.storeFlushes(.ok))
        } catch {
            meter.add(.storeFlushes(.failed))
            logger.error(
                "The metrics store can't be written; counts are kept and will be tried again: \(error)")
        }
    }

    /// The last flush of a run: written at once, then the store is noted as well ended.
    public func close(at t: Int64) async {
        do {
            try await flushing.run(t, self) { try self.store.writeLast($0) }
        } catch {
            logger.error("The metrics store could not take the last flush: \(error)")
        }
    }

    fileprivate func reading(at t: Int64, since flushed: [UInt64], minutePeaks: [UInt64]) -> (
        Store.Flush, [UInt64]
    ) {
        let now = meter.slots.values()
        func delta(_ counters: [Counter]) -> Int64 {
            counters.reduce(0) { $0 &+ Int64(clamping: now[$1.slot] - min(now[$1.slot], flushed[$1.slot])) }
        }
        func total(_ original: OriginalTotal) -> Int64 {
            original.counters.reduce(0) { $0 &+ Int64(clamping: now[$1.slot]) }
        }
        let gauges = gauges()
        var point = Point(t: t, lastT: t, samples: 1)
        for stat in StoredStat.allCases {
            switch stat.kind {
            case .count(let counters): point[stat] = delta(counters)
            case .peak(let peak): point[stat] = Int64(clamping: minutePeaks[peak.rawValue])
            case .gauge: point[stat] = Int64(stat.reading(gauges))
            }
        }
        point.messagesTotal = total(.messages)
        point.roomsTotal = total(.roomsCreated)
        point.bugsTotal = total(.bugReports)
        let changed = SlotTable.names.indices
            .filter { now[$0] != flushed[$0] && SlotTable.isLifetime($0) }
            .map { (name: SlotTable.names[$0], value: now[$0]) }
        return (Store.Flush(t: t, point: point, changed: changed), now)
    }

    fileprivate func takeMinutePeaks() -> [UInt64] {
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

extension Metrics.FlushState {
    /// Waits for its turn: an actor lets others in while it waits for the disk, and two flushes that start
    /// from the same values would count twice.
    private func begin() async {
        if isFlushing {
            await withCheckedContinuation { waiting.append($0) }
        } else {
            isFlushing = true
        }
    }

    private func end() {
        if waiting.isEmpty { isFlushing = false } else { waiting.removeFirst().resume() }
    }

    /// Takes a reading, has it written, and only then lets the next flush start from it.
    fileprivate func run(
        _ t: Int64, _ metrics: Metrics, write: @Sendable (Store.Flush) async throws -> Void
    ) async throws {
        await begin()
        defer { end() }
        for (index, value) in metrics.takeMinutePeaks().enumerated() {
            minutePeaks[index] = max(minutePeaks[index], value)
        }
        let (flush, values) = metrics.reading(at: t, since: flushed, minutePeaks: minutePeaks)
        try await write(flush)
        flushed = values
        minutePeaks = minutePeaks.map { _ in 0 }
    }
}

extension StoredStat {
    /// The gauge's value of a stat that is read at the sample; 0 for the others.
    func reading(_ gauges: GaugeReadings) -> Double {
        switch self {
        case .activeRooms: gauges[.activeRooms]
        case .activeSubs: Double(gauges.activeSubscribers)
        case .subscribersSSE: gauges[.subscribers(.sse)]
        case .subscribersWS: gauges[.subscribers(.ws)]
        case .waiters: gauges[.subscribers(.poll)]
        case .roomBufferBytes: gauges[.roomBufferBytes]
        case .identities: gauges[.identities]
        case .inboxBytes: gauges[.inboxBytes]
        default: 0
        }
    }
}
