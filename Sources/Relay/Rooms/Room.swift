import NIOConcurrencyHelpers
import NIOCore
import SignalboxMetrics
import Web

/// One room: the order of its messages, its recent buffer, and who listens.
///
/// The lock makes one order for all transports and loops. A subscriber joins under the same lock, so it sees
/// everything after its replay, nothing twice. Nothing is written to a socket under the lock.
final class Room: Sendable {
    let id: RoomID
    let registry: RoomRegistry
    let state: NIOLockedValueBox<State>

    struct State {
        var recent = RecentBuffer()
        var nextSeq: UInt64
        let createdAt: Int64
        var lastActive: Int64
        var lastBroadcast: Int64 = 0
        var roster = Roster()
        var sockets = 0
        var loops: [LoopSubscribers] = []
        var waits = ParkedWaits()
        var claimWaits: [UInt64: ClaimWait] = [:]
        /// Who locked the room to signed senders.
        var lockedBy: Handle?
        var isSignedOnly: Bool { lockedBy != nil }
        var presence = PresencePacing()
        /// Left the registry: whoever still holds it must look the room up again.
        var isClosed = false

        var parked: Int { waits.count + claimWaits.count }
        var isEmpty: Bool { roster.size == 0 && parked == 0 }
    }

    /// - Parameter now: Unix ms.
    init(id: RoomID, registry: RoomRegistry, firstSeq: UInt64, now: Int64) {
        self.id = id
        self.registry = registry
        state = NIOLockedValueBox(
            State(
                nextSeq: firstSeq, createdAt: now, lastActive: now,
                lockedBy: registry.locks.holder(id)))
    }

    var limits: RoomLimits { registry.limits }
    func now() -> Int64 { registry.clock.now() }

    // MARK: Messages

    /// What became of a message.
    enum Publishing {
        case published(Message)
        /// The room has closed; another one may be opened in its place.
        case closed
        /// It wanted the room locked to signed senders without being signed.
        case unsignedLock
        /// The room is locked to signed senders.
        case signedOnly
    }

    /// Gives the message its number, keeps it, and sends it on its way.
    /// - Parameters:
    ///   - label: the sender's name when nobody proved to be anybody.
    ///   - verified: who proved to have sent it.
    func publish(_ draft: MessageDraft, label: String, verified: Handle?) -> Publishing {
        state.withLockedValue { state in
            guard !state.isClosed else { return .closed }
            let now = now()
            if !state.isSignedOnly, draft.wantsSignedOnly {
                guard let verified else { return .unsignedLock }
                lock(&state, by: verified, now)
            }
            if state.isSignedOnly, verified == nil { return .signedOnly }
            let uptime = NIODeadline.now().uptimeNanoseconds
            let message = Message(
                seq: state.nextSeq, draft: draft, sender: verified.map { "@" + $0.text } ?? label,
                isVerified: verified != nil, now: now, uptime: uptime)
            state.nextSeq += 1
            registry.meter.markSequence(message.seq)
            prune(&state, now)
            state.recent.append(message, max: limits.recentMax) { registry.release($0) }
            state.lastActive = now
            let hasSockets = state.sockets > 0
            broadcast(Broadcast(message, hasSockets: hasSockets), &state, now)
            wake(message, &state)
            return .published(message)
        }
    }

    /// Any signed sender may lock the room, at any time and for good: a room often begins open, to let those
    /// in who have no handle yet.
    private func lock(_ state: inout State, by handle: Handle, _ now: Int64) {
        state.lockedBy = handle
        registry.locks.lock(id, by: handle)
        registry.meter.add(.roomsLocked)
        broadcast(Broadcast(event: JSONWriter.object { $0.field("type", "locked") }), &state, now)
    }

    func prune(_ state: inout State, _ now: Int64) {
        let cutoff = now - Int64(limits.recentSeconds) * 1_000
        state.recent.prune(now: now, cutoff: cutoff) { registry.release($0) }
    }

    /// Hands something to every loop that has subscribers, in the order of the calls.
    /// - Parameter make: laid out only where somebody listens.
    func broadcast(_ make: @autoclosure () -> Broadcast, _ state: inout State, _ now: Int64) {
        state.lastBroadcast = now
        guard !state.loops.isEmpty else { return }
        let broadcast = make()
        for loop in state.loops {
            loop.pending.append(broadcast)
            guard !loop.isScheduled else { continue }
            loop.isScheduled = true
            loop.eventLoop.execute { self.drain(loop) }
        }
    }

    private func drain(_ loop: LoopSubscribers) {
        let batch = state.withLockedValue { _ in
            loop.isScheduled = false
            let batch = loop.pending
            loop.pending = []
            return batch
        }
        loop.deliver(batch, meter: registry.meter)
    }

    /// Messages after `seq` for a page, and what the page's `last_seq` is.
    func page(after seq: UInt64, limit: Int) -> RoomPage {
        state.withLockedValue { state in
            prune(&state, now())
            return Self.page(&state, seq, limit, limits.pageBytes)
        }
    }

    private static func page(_ state: inout State, _ seq: UInt64, _ limit: Int, _ bytes: Int) -> RoomPage {
        let (messages, more) = state.recent.page(after: seq, limit: limit, bytes: bytes)
        // A cut page must not send its reader past what it left out.
        let last = more ? messages.last?.seq ?? 0 : state.recent.lastSeq
        return RoomPage(messages: messages, lastSeq: last, hasMore: more)
    }

    // MARK: Subscribers

    /// Counts a subscriber in and takes its starting point.
    func join(_ subscriber: RoomSubscriber, after: UInt64, name: String?, boxPublicKey: String?) -> Joining? {
        state.withLockedValue { state in
            guard !state.isClosed else { return nil }
            let now = now()
            prune(&state, now)
            // As the original has it, the newcomer counts in `size` but isn't among the participants yet.
            var participants = JSONWriter(capacity: 64)
            state.roster.writeParticipants(to: &participants, now: now, lastBroadcast: state.lastBroadcast)
            state.roster.size += 1
            if subscriber.isSocket { state.sockets += 1 }
            if let name {
                state.roster[subscriber.id] = Roster.Participant(
                    name: name, boxPublicKey: boxPublicKey, lastSeen: now, isEventStream: !subscriber.isSocket
                )
            }
            state.lastActive = now
            return Joining(
                lastSeq: state.recent.lastSeq, size: state.roster.size, participants: participants.buffer,
                cursor: max(after, state.recent.droppedThrough),
                floor: max(state.recent.lastSeq, state.recent.droppedThrough))
        }
    }

    /// What a subscriber that is catching up reads next. When nothing is left it is made live under the same
    /// lock, so that no message can slip between.
    /// - Parameters:
    ///   - end: the last message wanted before that; nil to go live after the newest.
    ///   - isFirst: nothing was read yet, so what the buffer has dropped meanwhile leaves no gap.
    func next(
        for subscriber: RoomSubscriber, after cursor: UInt64, through end: UInt64?, isFirst: Bool
    ) -> CatchUp {
        state.withLockedValue { state in
            guard isFirst || state.recent.droppedThrough <= cursor else { return .missed }
            let (messages, _) = state.recent.page(
                after: cursor, through: end ?? .max, limit: 64, bytes: 256 * 1024)
            guard messages.isEmpty else { return .messages(messages) }
            if end != nil { return .reachedEnd }
            let loop = loopSubscribers(&state, subscriber.eventLoop)
            loop.add(subscriber)
            touchPresence(&state)
            return .live(loop)
        }
    }

    private func loopSubscribers(_ state: inout State, _ eventLoop: any EventLoop) -> LoopSubscribers {
        if let known = state.loops.first(where: { $0.eventLoop === eventLoop }) { return known }
        let made = LoopSubscribers(eventLoop: eventLoop)
        state.loops.append(made)
        return made
    }

    /// Counts a subscriber out.
    func leave(_ subscriber: RoomSubscriber) {
        state.withLockedValue { state in
            state.roster.size -= 1
            state.roster[subscriber.id] = nil
            if subscriber.isSocket { state.sockets -= 1 }
            state.lastActive = now()
            touchPresence(&state)
        }
        subscriber.live?.remove(subscriber)
    }

    // MARK: Long-polls

    /// Answers with what is there, or parks the wait until a message comes.
    func wait(_ wait: RoomWait, limit: Int) -> Waiting {
        state.withLockedValue { state in
            guard !state.isClosed else { return .closed }
            let now = now()
            prune(&state, now)
            let page = Self.page(&state, wait.after, limit, limits.pageBytes)
            guard page.messages.isEmpty, !wait.isImmediate else { return .page(page) }
            state.lastActive = now
            guard state.parked < limits.waitersPerRoom else { return .full }
            guard wait.acquire() else { return .clientFull }
            state.waits.add(wait)
            return .parked
        }
    }

    /// Takes a parked wait back; the room's `last_seq` now. nil when a message has taken the wait already and
    /// is on its way: an empty answer with that message's number would make its reader skip it.
    func unpark(_ wait: RoomWait) -> UInt64? {
        state.withLockedValue { state in
            state.waits.remove(wait) ? state.recent.lastSeq : nil
        }
    }

    private func wake(_ message: Message, _ state: inout State) {
        wakeClaims(&state)
        // Every one of them: the message is newer than all that was there when they were parked, also for
        // a reader that asked after a number nobody has reached.
        state.waits.takeAll { eventLoop, waits in
            eventLoop.execute { RoomWait.wake(waits, with: message) }
        }
    }

    // MARK: Life of the room

    /// What `/status` says.
    func status() -> RoomStatus {
        state.withLockedValue { state in
            let now = now()
            prune(&state, now)
            return RoomStatus(
                participants: state.roster.size, recentCount: state.recent.count,
                lastSeq: state.recent.lastSeq,
                ageSeconds: (now - state.createdAt) / 1_000, idleSeconds: (now - state.lastActive) / 1_000,
                isSignedOnly: state.isSignedOnly)
        }
    }

    /// Subscribers by transport, parked waits and parked claims.
    func counts() -> (events: Int, sockets: Int, waits: Int, claims: Int) {
        state.withLockedValue {
            ($0.roster.size - $0.sockets, $0.sockets, $0.waits.count, $0.claimWaits.count)
        }
    }

    /// Unix ms since when the room has been of no use to anybody; nil while somebody is there.
    func emptySince() -> Int64? {
        state.withLockedValue { $0.isEmpty ? $0.lastActive : nil }
    }

    /// Drops what is out of time.
    func prune() {
        state.withLockedValue { state in
            let now = now()
            prune(&state, now)
            pruneHeartbeats(&state, now)
        }
    }

    /// Closes the room if nobody is in it and nobody was after `lastActive`; then its buffer is released.
    func closeIfEmpty(since lastActive: Int64) -> Bool {
        state.withLockedValue { state in
            guard !state.isClosed, state.isEmpty, state.lastActive <= lastActive else { return false }
            state.isClosed = true
            state.recent.removeAll { registry.release($0) }
            registry.releaseListeningNames(state.roster.removeHeartbeats())
            // Its lock was used until now, however long ago it was set.
            if let holder = state.lockedBy { registry.locks.lock(id, by: holder) }
            return true
        }
    }
}
