import NIOConcurrencyHelpers

/// Rooms that a verified sender has locked to signed messages. A lock outlives its room, or whoever waits for
/// the room to empty could open it again without one.
///
/// In memory only, since room ids don't reach the disk; a restart forgets them, as docs/security.md says.
final class SignedLocks: Sendable {
    private let locksMax: Int
    private let perHandle: Int
    private let milliseconds: Int64
    private static let shareWhenFull = 16
    private let clock: WallClock
    private let state = NIOLockedValueBox(State())

    private struct Lock {
        let handle: Handle
        /// Unix ms.
        var lastUsed: Int64
    }

    private struct State {
        var locks = RecencyTable<RoomID, Lock>()
        var count: [Handle: Int] = [:]

        mutating func dropped(_ lock: Lock) {
            let left = (count[lock.handle] ?? 1) - 1
            count[lock.handle] = left > 0 ? left : nil
        }
    }

    /// - Parameters:
    ///   - seconds: how long an unused lock is remembered.
    ///   - locksMax: locks at once; the least recently used goes first.
    ///   - perHandle: of those, set by one handle; then it can set no more, so that nobody can flush the others'.
    init(seconds: Int, locksMax: Int = 65_536, perHandle: Int = 1_024, clock: WallClock) {
        milliseconds = Int64(seconds) * 1_000
        self.locksMax = locksMax
        self.perHandle = perHandle
        self.clock = clock
    }

    /// Remembers that the room is locked. A handle over its quota gets a lock that lives as long as the room.
    func lock(_ room: RoomID, by handle: Handle) {
        let now = clock.now()
        state.withLockedValue { state in
            if let known = state.locks.remove(room) { state.dropped(known) }
            // When all places are taken, one handle may take only a few of others': whoever wanted to flush
            // them would need thousands of handles.
            let most = state.locks.count < locksMax ? perHandle : min(perHandle, Self.shareWhenFull)
            guard (state.count[handle] ?? 0) < most else { return }
            while state.locks.count >= locksMax, let (_, oldest) = state.locks.popOldest() {
                state.dropped(oldest)
            }
            state.locks.set(room, Lock(handle: handle, lastUsed: now))
            state.count[handle, default: 0] += 1
        }
    }

    /// Who locked the room; nil when nobody did. Being asked counts as a use: a room asks when it opens, and
    /// locks itself anew when it ends.
    func holder(_ room: RoomID) -> Handle? {
        let now = clock.now()
        return state.withLockedValue { state in
            guard var lock = state.locks.peek(room) else { return nil }
            guard now - lock.lastUsed <= milliseconds else {
                if let known = state.locks.remove(room) { state.dropped(known) }
                return nil
            }
            lock.lastUsed = now
            state.locks.set(room, lock)
            return lock.handle
        }
    }

    /// Drops what was not used for too long.
    func sweep() {
        let now = clock.now()
        state.withLockedValue { state in
            while let (_, lock) = state.locks.popOldest(where: { now - $0.lastUsed > milliseconds }) {
                state.dropped(lock)
            }
        }
    }

    var count: Int { state.withLockedValue(\.locks.count) }
}
