import NIOConcurrencyHelpers
import SignalboxMetrics

/// Every registered identity, in memory; ``IdentityStore`` keeps it over restarts.
final class IdentityBook: Sendable {
    let limits: IdentityLimits
    private let meter: Meter
    private let clock: WallClock
    /// No inbox number up to this one is given out again.
    let inboxFloor: UInt64
    private let state: NIOLockedValueBox<State>

    private struct State {
        var identities: [Handle: Identity]
        /// Handles whose registration is on its way to the disk.
        var registering: Set<Handle> = []
        /// Handles that make way for one of those.
        var leaving: Set<Handle> = []
        /// Handles whose activity or inbox number isn't on the disk yet.
        var unsaved: Set<Handle> = []
        /// Unix ms before which nobody will have been inactive for long enough; saves a walk over everybody.
        var nobodyInactiveBefore: Int64 = 0
        /// Who was inactive when everybody was last looked at, the longest last.
        var inactive: [Handle] = []

        /// Identities once everything on its way has arrived.
        var count: Int { identities.count - leaving.count + registering.count }
    }

    /// - Parameters:
    ///   - stored: what the disk has.
    ///   - inboxFloor: inbox numbers start above it: after a crash the stored ones may be behind.
    init(
        limits: IdentityLimits, stored: [Identity] = [], inboxFloor: UInt64 = 0, meter: Meter,
        clock: WallClock
    ) {
        self.limits = limits
        self.meter = meter
        self.clock = clock
        self.inboxFloor = inboxFloor
        state = NIOLockedValueBox(
            State(identities: Dictionary(stored.map { ($0.handle, $0) }) { $1 }))
    }

    var count: Int { state.withLockedValue(\.identities.count) }

    /// The identity of a handle.
    func find(_ handle: Handle) -> Identity? { state.withLockedValue { $0.identities[handle] } }

    /// Notes that the handle is in use.
    func touch(_ handle: Handle) {
        let now = clock.now()
        state.withLockedValue { state in
            guard let known = state.identities[handle],
                now - known.activeAt >= limits.touchMilliseconds
            else { return }
            state.identities[handle]?.lastSeenAt = now
            state.identities[handle]?.updatedAt = max(known.updatedAt, now)
            state.unsaved.insert(handle)
        }
    }

    /// The number of the handle's next direct message: above all earlier ones, over restarts as well.
    func nextInboxNumber(_ handle: Handle) -> UInt64? {
        state.withLockedValue { state in
            guard let known = state.identities[handle] else { return nil }
            let last =
                known.inboxSeq > 0 ? known.inboxSeq : max(UInt64(max(0, clock.now())), meter.sequenceMark)
            let next = max(last, inboxFloor) + 1
            state.identities[handle]?.inboxSeq = next
            state.unsaved.insert(handle)
            meter.markSequence(next)
            return next
        }
    }

    // MARK: Registering

    /// What stands in the way of a new handle.
    enum Vacancy {
        case free
        case taken(Identity)
        /// Its registration is on its way to the disk.
        case beingTaken
        /// IDENTITIES_MAX, and nobody has been inactive for long enough.
        case full
    }

    /// Whether the handle could be registered now. Nobody makes way yet: the request isn't verified.
    func vacancy(_ handle: Handle, isListed: (Handle) -> Bool) -> Vacancy {
        state.withLockedValue { state in
            if let known = state.identities[handle] { return .taken(known) }
            if state.registering.contains(handle) { return .beingTaken }
            if state.count < limits.identitiesMax { return .free }
            return longestInactive(&state, isListed) == nil ? .full : .free
        }
    }

    /// What became of taking a handle.
    enum Reservation {
        /// It is taken, and this one makes way when it is on the disk.
        case granted(leaving: Handle?)
        case taken
        case full
    }

    /// Takes the handle for a registration that verified.
    func reserve(_ handle: Handle, isListed: (Handle) -> Bool) -> Reservation {
        state.withLockedValue { state in
            guard state.identities[handle] == nil, !state.registering.contains(handle) else { return .taken }
            var leaving: Handle?
            if state.count >= limits.identitiesMax {
                leaving = longestInactive(&state, isListed)
                guard let leaving else { return .full }
                state.leaving.insert(leaving)
            }
            state.registering.insert(handle)
            return .granted(leaving: leaving)
        }
    }

    /// Ends what ``reserve(_:isListed:)`` began: with the identity when it is on the disk, with nil when not.
    func settle(_ handle: Handle, _ identity: Identity?, leaving: Handle?) {
        state.withLockedValue { state in
            state.registering.remove(handle)
            if let leaving {
                state.leaving.remove(leaving)
                // Who was to leave is back, and those who looked meanwhile didn't see it.
                if identity == nil { state.nobodyInactiveBefore = 0 }
                if identity != nil {
                    state.identities[leaving] = nil
                    state.unsaved.remove(leaving)
                }
            }
            if let identity { state.identities[handle] = identity }
        }
    }

    /// Puts an owner's signed update in place, unless a later one has come first. Of two that were signed in
    /// the same millisecond the greater key stays, here as on the disk: they may arrive here in another order.
    func update(_ renewed: Identity) {
        state.withLockedValue { state in
            guard let known = state.identities[renewed.handle],
                (known.provenAt, known.boxKey) <= (renewed.provenAt, renewed.boxKey)
            else { return }
            state.identities[renewed.handle]?.boxKey = renewed.boxKey
            state.identities[renewed.handle]?.provenAt = renewed.provenAt
            state.identities[renewed.handle]?.updatedAt = renewed.updatedAt
            state.identities[renewed.handle]?.lastSeenAt = renewed.lastSeenAt
        }
    }

    /// Who has been inactive longest, for long enough, and may make way.
    private func longestInactive(_ state: inout State, _ isListed: (Handle) -> Bool) -> Handle? {
        let cutoff = clock.now() - limits.inactiveMilliseconds
        if let known = firstInactive(&state, cutoff, isListed) { return known }
        guard cutoff >= state.nobodyInactiveBefore else { return nil }
        var soonest = Int64.max
        var found: [Identity] = []
        for (handle, identity) in state.identities
        where !Handle.reserved.contains(handle.text) && !state.leaving.contains(handle) {
            soonest = min(soonest, identity.activeAt)
            if identity.activeAt < cutoff { found.append(identity) }
        }
        state.inactive = found.sorted {
            ($1.activeAt, $1.handle.text) < ($0.activeAt, $0.handle.text)
        }.suffix(Self.inactiveKept).map(\.handle)
        if let known = firstInactive(&state, cutoff, isListed) { return known }
        state.nobodyInactiveBefore = soonest >= cutoff ? soonest : cutoff + 60_000
        return nil
    }

    /// How many are remembered of a walk over everybody, so that the next few hundred need none.
    private static let inactiveKept = 1_024

    private func firstInactive(
        _ state: inout State, _ cutoff: Int64, _ isListed: (Handle) -> Bool
    ) -> Handle? {
        while let handle = state.inactive.last {
            if let identity = state.identities[handle], identity.activeAt < cutoff,
                !state.leaving.contains(handle), !isListed(handle)
            {
                return handle
            }
            state.inactive.removeLast()
        }
        return nil
    }

    // MARK: Saving

    /// What has changed since the last call and isn't on the disk.
    func takeUnsaved() -> [Identity] {
        state.withLockedValue { state in
            let changed = state.unsaved.compactMap { state.identities[$0] }
            state.unsaved = []
            return changed
        }
    }

    /// Gives back what could not be written, for the next time.
    func putBack(_ identities: [Identity]) {
        state.withLockedValue { state in
            for one in identities where state.identities[one.handle] != nil {
                state.unsaved.insert(one.handle)
            }
        }
    }
}
