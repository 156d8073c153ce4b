/// Claims: a room hands out its messages one at a time to whoever keeps a cursor in it.
extension Room {
    /// The oldest message after `cursor` from somebody else; if there is none, parks the claim.
    /// - Parameters:
    ///   - excluding: sender labels that are the claimer's own.
    ///   - wait: what to park; nil to be told right away.
    func claim(after cursor: UInt64, excluding own: Set<[UInt8]>, orPark wait: ClaimWait?) -> Claiming {
        state.withLockedValue { state in
            guard !state.isClosed else { return .closed }
            prune(&state, now())
            // A claimer that fell behind the buffer goes on with the oldest there is.
            let floor = state.recent.firstSeq.map { max(cursor, $0 - 1) } ?? cursor
            let last = state.recent.lastSeq
            // What a wait has been through already was all its own.
            let start = max(floor, wait?.scannedThrough ?? 0)
            if let message = state.recent.first(after: start, where: { !own.contains($0.sender) }) {
                return .message(message, cursor: floor, lastSeq: last)
            }
            guard let wait else { return .empty(cursor: floor, lastSeq: last) }
            state.lastActive = now()
            if !wait.hasPlace {
                guard state.parked < limits.waitersPerRoom else { return .full }
                guard wait.acquire() else { return .clientFull }
            }
            wait.scannedThrough = max(start, last)
            state.claimWaits[wait.id] = wait
            return .parked(cursor: floor)
        }
    }

    /// A message that is still there, and the room's `last_seq`.
    func find(_ seq: UInt64) -> (message: Message?, lastSeq: UInt64) {
        state.withLockedValue { state in
            prune(&state, now())
            return (state.recent.message(seq), state.recent.lastSeq)
        }
    }

    /// Takes a parked claim back; nil when a message has woken it already.
    func unpark(_ wait: ClaimWait) -> UInt64? {
        state.withLockedValue { state in
            state.claimWaits.removeValue(forKey: wait.id) == nil ? nil : state.recent.lastSeq
        }
    }

    func wakeClaims(_ state: inout State) {
        guard !state.claimWaits.isEmpty else { return }
        for wait in state.claimWaits.values { wait.eventLoop.execute { wait.woken() } }
        state.claimWaits.removeAll()
    }
}
