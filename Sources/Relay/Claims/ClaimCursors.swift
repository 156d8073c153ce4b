import NIOConcurrencyHelpers

/// How far each handle has got in each room it claims from, and what it is working on. In memory only.
final class ClaimCursors: Sendable {
    private let roomsPerHandle: Int
    private let cursors = NIOLockedValueBox<[Handle: RecencyTable<RoomID, ClaimCursor>]>([:])

    init(roomsPerHandle: Int) { self.roomsPerHandle = roomsPerHandle }

    /// The handle's cursor in the room, made when there is none. Beyond the rooms a handle may have cursors in,
    /// the one it used least recently is forgotten.
    func findOrMake(_ handle: Handle, _ room: RoomID, now: Int64) -> ClaimCursor {
        cursors.withLockedValue { cursors in
            if let known = cursors[handle]?.use(room) { return known }
            var table = cursors[handle] ?? RecencyTable()
            while table.count >= roomsPerHandle, table.popOldest() != nil {}
            let made = ClaimCursor(now: now)
            table.set(room, made)
            cursors[handle] = table
            return made
        }
    }

    /// The handle's cursor in the room; looking doesn't count as a use.
    func find(_ handle: Handle, _ room: RoomID) -> ClaimCursor? {
        cursors.withLockedValue { $0[handle]?.peek(room) }
    }

    /// Drops cursors that were not used since `cutoff`, Unix ms: every message they were about is gone. A few
    /// handles at a time, so that nobody's claim waits for all of them.
    func sweep(before cutoff: Int64) {
        let handles = cursors.withLockedValue { Array($0.keys) }
        for start in stride(from: 0, to: handles.count, by: 64) {
            cursors.withLockedValue { cursors in
                for handle in handles[start..<min(start + 64, handles.count)] {
                    while cursors[handle]?.popOldest(where: { $0.usedAt < cutoff }) != nil {}
                    if cursors[handle]?.count == 0 { cursors[handle] = nil }
                }
            }
        }
    }

    /// Drops all cursors of a handle that is no more.
    func forget(_ handle: Handle) { cursors.withLockedValue { $0[handle] = nil } }
}

/// One handle's place in one room. Its lock is taken before the room's, never inside it.
final class ClaimCursor: Sendable {
    /// A message that was handed out and not acknowledged.
    struct Lease: Sendable {
        let claimID: String
        let seq: UInt64
        /// Unix ms.
        let claimedAt: Int64
        /// ms.
        let duration: Int64

        func isOver(_ now: Int64) -> Bool { now - claimedAt > duration }
    }

    struct State: Sendable {
        /// Everything up to here is done.
        var cursor: UInt64 = 0
        var lease: Lease?
        /// Unix ms.
        var usedAt: Int64 = 0
    }

    private let state: NIOLockedValueBox<State>

    /// - Parameter now: Unix ms.
    init(now: Int64) { state = NIOLockedValueBox(State(usedAt: now)) }

    /// A message as it is handed out.
    struct Handout {
        let claimID: String
        let message: Message
        let cursor: UInt64
        let lastSeq: UInt64
        /// The same claim as before.
        let isAgain: Bool
    }

    enum Pick {
        case handout(Handout)
        case empty(cursor: UInt64, lastSeq: UInt64)
        case parked
        case full
        case clientFull
        case closed(cursor: UInt64)
    }

    /// Hands out the next message, or the one that is out already while its lease lasts.
    /// - Parameters:
    ///   - own: sender labels that are the claimer's own.
    ///   - duration: the lease, in ms.
    ///   - wait: what to park when there is nothing; nil to be told right away.
    func pick(
        from room: Room, excluding own: Set<[UInt8]>, duration: Int64, now: Int64, orPark wait: ClaimWait?
    ) -> Pick {
        state.withLockedValue { state in
            state.usedAt = now
            if let lease = state.lease, !lease.isOver(now) {
                let (message, lastSeq) = room.find(lease.seq)
                if let message {
                    return .handout(
                        Handout(
                            claimID: lease.claimID, message: message, cursor: state.cursor, lastSeq: lastSeq,
                            isAgain: true))
                }
            }
            // Over, or its message is gone: the next one is picked.
            state.lease = nil
            switch room.claim(after: state.cursor, excluding: own, orPark: wait) {
            case .message(let message, let cursor, let lastSeq):
                state.cursor = cursor
                let lease = Lease(
                    claimID: RandomID.make().text, seq: message.seq, claimedAt: now, duration: duration)
                state.lease = lease
                return .handout(
                    Handout(
                        claimID: lease.claimID, message: message, cursor: cursor, lastSeq: lastSeq,
                        isAgain: false))
            case .empty(let cursor, let lastSeq):
                state.cursor = cursor
                return .empty(cursor: cursor, lastSeq: lastSeq)
            case .parked(let cursor):
                state.cursor = cursor
                return .parked
            case .full: return .full
            case .clientFull: return .clientFull
            case .closed: return .closed(cursor: state.cursor)
            }
        }
    }

    /// What became of an acknowledgement.
    enum Acknowledgement {
        case advanced(cursor: UInt64)
        /// It was done already.
        case already(cursor: UInt64)
        case stale(cursor: UInt64)
    }

    /// Ends a claim.
    /// - Parameter seq: nil when the client sent no number.
    func acknowledge(_ claimID: String, seq: Int64?, now: Int64) -> Acknowledgement {
        state.withLockedValue { state in
            if let seq, seq != 0, seq < 0 || UInt64(seq) <= state.cursor {
                return .already(cursor: state.cursor)
            }
            guard let lease = state.lease, !lease.isOver(now), lease.claimID == claimID,
                seq == Int64(clamping: lease.seq)
            else { return .stale(cursor: state.cursor) }
            state.cursor = lease.seq
            state.lease = nil
            return .advanced(cursor: state.cursor)
        }
    }

    /// When it was last claimed with, Unix ms.
    var usedAt: Int64 { state.withLockedValue(\.usedAt) }

    /// Where the cursor stands.
    var position: UInt64 { state.withLockedValue(\.cursor) }
}
