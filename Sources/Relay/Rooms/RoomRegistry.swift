import Atomics
import Foundation
import NIOConcurrencyHelpers
import SignalboxMetrics

/// Every room there is, within ROOMS_MAX and the memory fuse.
final class RoomRegistry: Sendable {
    let limits: RoomLimits
    let meter: Meter
    let clock: WallClock
    private let rooms = NIOLockedValueBox(Table())
    private let bufferedBytes = ManagedAtomic<Int>(0)
    private let listeningNames = ManagedAtomic<Int>(0)
    let locks: SignedLocks
    private let subscribers = ManagedAtomic<UInt64>(0)

    init(limits: RoomLimits, meter: Meter, clock: WallClock) {
        self.limits = limits
        self.meter = meter
        self.clock = clock
        locks = SignedLocks(seconds: limits.signedLockSeconds, clock: clock)
    }

    private struct Table {
        var open: [RoomID: Room] = [:]
        /// Who was empty when everybody was last looked at, with since when; the longest last.
        var idle: [(Room, Int64)] = []
    }

    /// A number for a new subscriber, in order of joining.
    func nextSubscriber() -> UInt64 { subscribers.wrappingIncrementThenLoad(ordering: .relaxed) }

    var count: Int { rooms.withLockedValue { $0.open.count } }

    /// The room, if it exists.
    func find(_ id: RoomID) -> Room? { rooms.withLockedValue { $0.open[id] } }

    /// The room, made when it doesn't exist. nil at the cap when every room is in use.
    func findOrOpen(_ id: RoomID) -> Room? {
        rooms.withLockedValue { rooms in
            if let known = rooms.open[id] { return known }
            // A hard refusal at the cap would let anyone lock everyone out with a few thousand idle rooms.
            if rooms.open.count >= limits.roomsMax, !evictLongestIdle(&rooms) { return nil }
            let now = clock.now()
            // Clients discard what isn't above the last seq they saw, so numbers never go back, whatever
            // the clock does.
            let first = max(UInt64(max(0, now)), meter.sequenceMark &+ 1)
            let room = Room(id: id, registry: self, firstSeq: first, now: now)
            rooms.open[id] = room
            meter.add(.roomsCreated)
            meter.raise(.rooms, to: rooms.open.count)
            return room
        }
    }

    private func evictLongestIdle(_ rooms: inout Table) -> Bool {
        // A walk over every room finds the next few hundred at once, or opening rooms at the cap would cost a
        // walk each.
        if evict(from: &rooms) { return true }
        rooms.idle = rooms.open.values.compactMap { room in room.emptySince().map { (room, $0) } }
            .sorted { $0.1 > $1.1 }.suffix(Self.idleKept)
        return evict(from: &rooms)
    }

    private static let idleKept = 256

    private func evict(from rooms: inout Table) -> Bool {
        while let (room, since) = rooms.idle.popLast() {
            // Somebody may have come since; then it isn't idle any more.
            guard rooms.open[room.id] === room, room.closeIfEmpty(since: since) else { continue }
            rooms.open[room.id] = nil
            meter.add(.roomsEvicted(.capacity))
            return true
        }
        return false
    }

    /// Ends rooms that were empty for the grace period and drops messages that are out of time.
    func sweep() {
        let cutoff = clock.now() - Int64(limits.graceSeconds) * 1_000
        for room in rooms.withLockedValue({ Array($0.open.values) }) {
            if let since = room.emptySince(), since < cutoff {
                rooms.withLockedValue { rooms in
                    guard room.closeIfEmpty(since: since) else { return }
                    rooms.open[room.id] = nil
                    meter.add(.roomsEvicted(.idle))
                }
            } else {
                room.prune()
            }
        }
        locks.sweep()
    }

    /// Whether the memory fuse would take so many more bytes now.
    func hasRoom(for bytes: Int) -> Bool {
        bufferedBytes.load(ordering: .relaxed) + bytes <= limits.bufferBytesMax
    }

    /// Takes a place for one more name that signs of life keep; false when there is none.
    func takeListeningName() -> Bool {
        guard listeningNames.wrappingIncrementThenLoad(ordering: .relaxed) <= limits.heartbeatsMax else {
            releaseListeningNames(1)
            return false
        }
        return true
    }

    /// Gives places of names back.
    func releaseListeningNames(_ count: Int) {
        if count > 0 { listeningNames.wrappingDecrement(by: count, ordering: .relaxed) }
    }

    /// Charges a message against the memory fuse; false when it has no room.
    func charge(_ bytes: Int) -> Bool {
        let sum = bufferedBytes.wrappingIncrementThenLoad(by: bytes, ordering: .relaxed)
        guard sum <= limits.bufferBytesMax else {
            bufferedBytes.wrappingDecrement(by: bytes, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Gives back what a message was charged with.
    func release(_ message: Message) { release(bytes: message.chargedBytes) }

    func release(bytes: Int) { bufferedBytes.wrappingDecrement(by: bytes, ordering: .relaxed) }
}

extension RoomRegistry: GaugeSource {
    func read(into readings: inout GaugeReadings) {
        let all = rooms.withLockedValue { Array($0.open.values) }
        var (events, sockets, waits, claims) = (0, 0, 0, 0)
        for room in all {
            let counts = room.counts()
            events += counts.events
            sockets += counts.sockets
            waits += counts.waits
            claims += counts.claims
        }
        readings[.parkedClaims] = Double(claims)
        readings[.listeningNames] = Double(listeningNames.load(ordering: .relaxed))
        readings[.signedLocks] = Double(locks.count)
        readings[.activeRooms] = Double(all.count)
        readings[.subscribers(.sse)] = Double(events)
        readings[.subscribers(.ws)] = Double(sockets)
        readings[.subscribers(.poll)] = Double(waits)
        readings[.roomBufferBytes] = Double(bufferedBytes.load(ordering: .relaxed))
        readings[.roomBufferLimitBytes] = Double(limits.bufferBytesMax)
        readings[.roomsLimit] = Double(limits.roomsMax)
    }
}

/// Where the time of day comes from; tests set their own.
public struct WallClock: Sendable {
    /// Unix ms.
    public let now: @Sendable () -> Int64

    public init(now: @escaping @Sendable () -> Int64) { self.now = now }

    /// The machine's clock.
    public static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
