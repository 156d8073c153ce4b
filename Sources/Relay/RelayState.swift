public import Logging
public import SQLite
public import SignalboxMetrics
import Web

/// What the relay keeps on disk, as a start finds it: public keys and profiles.
public struct RelayStore: Sendable {
    let identities: IdentityStore
    let profiles: ProfileStore
    let storedIdentities: [Identity]
    let storedProfiles: [Directory.Entry]
    let inboxFloor: UInt64
    /// Records that were malformed and are kept aside.
    public let refused: Int

    /// Makes the tables and reads them.
    /// - Parameter now: Unix ms.
    /// - Throws: `SQLiteError` when the file can't be read.
    public init(_ database: Database, limits: IdentityLimits, now: Int64) throws {
        try IdentityStore.prepare(database)
        identities = IdentityStore(database)
        profiles = ProfileStore(database)
        let (identities, refusedIdentities) = try identities.load(now: now)
        let (profiles, refusedProfiles) = try profiles.load(
            handles: Set(identities.map(\.handle)), now: now, limits: limits)
        inboxFloor = try self.identities.loadFloor()
        storedIdentities = identities
        storedProfiles = profiles
        refused = refusedIdentities + refusedProfiles
    }
}

/// Everything that is relayed and by which rules: what the relay's routes work on.
public final class RelayState: Sendable {
    let rooms: Rooms
    let book: IdentityBook
    let registrar: Registrar
    let requests: SignedRequests
    let envelopes: EnvelopeSignatures
    let inboxes: Inboxes
    let cursors: ClaimCursors
    let directory: Directory
    let profiles: ProfileDesk
    let rates: RateLimits
    let meter: Meter
    let clock: WallClock
    private let caches: [ReplayCache]
    private let store: RelayStore?
    private let logger: Logger

    /// - Parameters:
    ///   - store: what was on disk; nil keeps everything in memory.
    ///   - isAfterCrash: the last run didn't end well, so the stored inbox numbers may be behind.
    public init(
        rooms roomLimits: RoomLimits, identities limits: IdentityLimits, store: RelayStore?,
        isAfterCrash: Bool,
        meter: Meter, clock: WallClock, logger: Logger
    ) {
        self.meter = meter
        self.clock = clock
        self.store = store
        self.logger = logger
        let rates = RateLimits(limits: roomLimits, meter: meter)
        let stored = store?.inboxFloor ?? 0
        let floor = isAfterCrash ? max(stored, meter.sequenceMark, UInt64(max(0, clock.now()))) : stored
        let book = IdentityBook(
            limits: limits, stored: store?.storedIdentities ?? [], inboxFloor: floor, meter: meter,
            clock: clock)
        func cache(_ setting: Int, atLeast least: Int) -> ReplayCache {
            ReplayCache(perHandle: max(least, setting / 32))
        }
        let requestCache = cache(limits.requestSignatures, atLeast: 64)
        let roomCache = cache(limits.roomSignatures, atLeast: 64)
        let envelopeCache = cache(limits.envelopeSignatures, atLeast: 128)
        let proofs = ReplayCache(perHandle: 64)
        caches = [requestCache, roomCache, envelopeCache, proofs]

        rooms = Rooms(
            limits: roomLimits, meter: meter, clock: clock, rates: rates,
            signatures: RoomSignatures(book: book, cache: roomCache, meter: meter, clock: clock))
        requests = SignedRequests(book: book, cache: requestCache, meter: meter, clock: clock)
        let envelopes = EnvelopeSignatures(book: book, cache: envelopeCache, meter: meter, clock: clock)
        let inboxes = Inboxes(book: book, signatures: envelopes, meter: meter, clock: clock)
        let cursors = ClaimCursors(roomsPerHandle: limits.cursorsPerHandle)
        let directory = Directory(book: book, stored: store?.storedProfiles ?? [], meter: meter, clock: clock)
        profiles = ProfileDesk(
            book: book, directory: directory, store: store?.profiles, meter: meter, clock: clock,
            logger: logger)
        registrar = Registrar(
            book: book, store: store?.identities, proofs: proofs, meter: meter, clock: clock, logger: logger,
            isListed: { directory.isListed($0) },
            forget: { [caches] handle in
                inboxes.forget(handle)
                cursors.forget(handle)
                directory.forget(handle)
                for cache in caches { cache.forget(handle) }
            })
        self.rates = rates
        self.book = book
        self.envelopes = envelopes
        self.inboxes = inboxes
        self.cursors = cursors
        self.directory = directory
        if let refused = store?.refused, refused > 0 {
            meter.add(.recordsRefused, UInt64(refused))
            logger.critical(
                "Stored identities or profiles were malformed; they are kept in the table refused_records.",
                metadata: ["count": "\(refused)"])
        }
    }

    /// Ends idle rooms and drops what is out of time everywhere; call it every ``sweepSeconds``.
    public func sweep() {
        rooms.registry.sweep()
        inboxes.sweep()
        directory.sweep()
        let now = clock.now()
        for cache in caches { cache.sweep(now: now) }
        cursors.sweep(before: now - Int64(rooms.limits.recentSeconds) * 1_000)
    }

    /// How often ``sweep()`` should be called, in seconds: the original's 15, sooner for a short grace.
    public var sweepSeconds: Int { max(1, min(15, rooms.limits.graceSeconds / 2)) }

    /// Writes what isn't urgent: when handles were last active, the inboxes' numbers, and that profiles have run
    /// out. Call it once a minute and at the end.
    public func save() async {
        guard let store else { return }
        let identities = book.takeUnsaved()
        let seen = directory.takeUnsaved()
        do {
            if !identities.isEmpty || book.inboxFloor != store.inboxFloor {
                try await store.identities.write(identities, floor: book.inboxFloor)
            }
            try await store.profiles.write(lastSeen: seen, now: clock.now())
        } catch {
            book.putBack(identities)
            directory.putBack(seen.map(\.handle))
            logger.error("The identities' activity could not be written; it is tried again: \(error)")
        }
    }
}

extension RelayState: GaugeSource {
    public func read(into readings: inout GaugeReadings) {
        rooms.registry.read(into: &readings)
        inboxes.read(into: &readings)
        readings[.identities] = Double(book.count)
        readings[.identitiesLimit] = Double(book.limits.identitiesMax)
        readings[.profiles] = Double(directory.count)
    }
}
