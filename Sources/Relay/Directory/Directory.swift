import NIOConcurrencyHelpers
import NIOCore
import SignalboxMetrics
import Web

/// The agents that chose to be found: their profiles, in memory; ``ProfileStore`` keeps them over restarts.
final class Directory: Sendable {
    /// One agent's entry.
    struct Entry: Sendable {
        let handle: Handle
        /// What is shown, and what the signature is over.
        let profile: AgentProfile
        /// What it is found by.
        let index: AgentProfile
        let signature: String
        var lastSeenAt: Int64
        /// Unix ms; from then on it isn't shown.
        let expiresAt: Int64
        let createdAt: Int64
        let searchText: String

        init(
            handle: Handle, profile: AgentProfile, index: AgentProfile, signature: String, lastSeenAt: Int64,
            expiresAt: Int64, createdAt: Int64
        ) {
            self.handle = handle
            self.profile = profile
            self.index = index
            self.signature = signature
            self.lastSeenAt = lastSeenAt
            self.expiresAt = expiresAt
            self.createdAt = createdAt
            searchText = index.searchText
        }
    }

    private let book: IdentityBook
    private let meter: Meter
    private let clock: WallClock
    private let state: NIOLockedValueBox<State>

    private struct State {
        var entries: [Handle: Entry]
        /// Handles whose last sight isn't on the disk yet.
        var unsaved: Set<Handle> = []
        /// Everyone, last seen first, as of a moment ago; nil when it has to be made anew.
        var ordered: (entries: [Entry], madeAt: Int64)?
        /// Goes up with every change of who is listed, or as what.
        var generation: UInt64 = 0

        mutating func changed() {
            ordered = nil
            generation += 1
        }
    }

    init(book: IdentityBook, stored: [Entry] = [], meter: Meter, clock: WallClock) {
        self.book = book
        self.meter = meter
        self.clock = clock
        state = NIOLockedValueBox(State(entries: Dictionary(stored.map { ($0.handle, $0) }) { $1 }))
    }

    var count: Int { state.withLockedValue(\.entries.count) }

    /// Whether the handle is in the directory now.
    func isListed(_ handle: Handle) -> Bool { find(handle) != nil }

    /// The handle's entry, unless it is out of time.
    func find(_ handle: Handle) -> Entry? {
        let now = clock.now()
        return state.withLockedValue { $0.entries[handle] }.flatMap { $0.expiresAt > now ? $0 : nil }
    }

    /// Puts an entry in place; false when a newer one has come first.
    @discardableResult
    func put(_ entry: Entry) -> Bool {
        let isNewest = state.withLockedValue { state in
            if let known = state.entries[entry.handle], known.expiresAt > clock.now(),
                known.index.updatedAt > entry.index.updatedAt
            {
                return false
            }
            state.entries[entry.handle] = entry
            state.changed()
            return true
        }
        if isNewest { meter.add(.directory(.published)) }
        return isNewest
    }

    /// Takes an entry out.
    func remove(_ handle: Handle) {
        let known = state.withLockedValue { state in
            state.changed()
            return state.entries.removeValue(forKey: handle)
        }
        if known != nil { meter.add(.directory(.unpublished)) }
    }

    /// Drops the entry of a handle that is no more.
    func forget(_ handle: Handle) {
        state.withLockedValue { state in
            state.entries[handle] = nil
            state.changed()
        }
    }

    /// Notes that a listed agent is there; when its entry expires, nil when it has none.
    func heartbeat(_ handle: Handle) -> Int64? {
        let now = clock.now()
        return state.withLockedValue { state in
            guard let known = state.entries[handle], known.expiresAt > now else { return nil }
            state.entries[handle]?.lastSeenAt = now
            state.unsaved.insert(handle)
            meter.add(.directory(.heartbeat))
            return known.expiresAt
        }
    }

    /// Drops what is out of time.
    func sweep() {
        let now = clock.now()
        let expired = state.withLockedValue { state in
            let gone = state.entries.values.filter { $0.expiresAt <= now }.map(\.handle)
            for handle in gone { state.entries[handle] = nil }
            return gone.count
        }
        if expired > 0 { meter.add(.directory(.expired), UInt64(expired)) }
    }

    /// Gives back who could not be written, for the next time.
    func putBack(_ handles: [Handle]) {
        state.withLockedValue { $0.unsaved.formUnion(handles.filter($0.entries.keys.contains)) }
    }

    /// Who was seen since the last call, for the disk.
    func takeUnsaved() -> [(handle: Handle, lastSeenAt: Int64)] {
        state.withLockedValue { state in
            let seen = state.unsaved.compactMap { state.entries[$0] }.map { ($0.handle, $0.lastSeenAt) }
            state.unsaved = []
            return seen
        }
    }

    // MARK: Finding

    /// What to look for; an empty word looks for everything.
    struct Search {
        var text = "" {
            didSet { bytes = ByteSearch(text) }
        }
        private var bytes = ByteSearch("")
        var framework = ""
        var capability = ""
        var topic = ""
        var language = ""

        func matches(_ entry: Entry) -> Bool {
            let index = entry.index
            return (framework.isEmpty || index.framework == framework)
                && (capability.isEmpty || index.tags("capabilities").contains(capability))
                && (topic.isEmpty || index.tags("topics").contains(topic))
                && (language.isEmpty || index.tags("languages").contains(language))
                && (text.isEmpty || bytes.isIn(entry.searchText))
        }
    }

    /// Everyone who matches, last seen first.
    func search(_ search: Search) -> [Entry] { listed().filter(search.matches) }

    /// Agents that share words with the entry, most of them first; with how many.
    func matches(of entry: Entry, limit: Int) -> [(entry: Entry, score: Int)] {
        let wanted = Set(entry.index.tags)
        return listed().filter { $0.handle != entry.handle }
            .map { other in (other, other.index.tags.count { wanted.contains($0) }) }
            .filter { $0.1 > 0 }
            .sorted { $0.1 != $1.1 ? $0.1 > $1.1 : Self.precedes($0.0, $1.0) }
            .prefix(limit).map { (entry: $0.0, score: $0.1) }
    }

    /// Above so many, the order of those who were just seen may be a few seconds old.
    private static let freshMax = 1_000
    private static let orderMilliseconds: Int64 = 5_000

    /// Everyone who is in time, last seen first.
    private func listed() -> [Entry] {
        let now = clock.now()
        let (entries, isOrdered, generation) = state.withLockedValue { state -> ([Entry], Bool, UInt64) in
            if let known = state.ordered, abs(now - known.madeAt) < Self.orderMilliseconds {
                return (known.entries, true, state.generation)
            }
            return (Array(state.entries.values), false, state.generation)
        }
        if isOrdered { return entries.filter { $0.expiresAt > now } }
        let ordered = entries.sorted(by: Self.precedes)
        if ordered.count > Self.freshMax {
            state.withLockedValue { state in
                if state.generation == generation { state.ordered = (ordered, now) }
            }
        }
        return ordered.filter { $0.expiresAt > now }
    }

    private static func precedes(_ one: Entry, _ other: Entry) -> Bool {
        one.lastSeenAt != other.lastSeenAt
            ? one.lastSeenAt > other.lastSeenAt
            : one.handle.text.utf8.lexicographicallyPrecedes(other.handle.text.utf8) {
                rank($0) < rank($1)
            }
    }

    /// JavaScript's localeCompare puts `_` first, then `-`, digits, letters.
    private static func rank(_ byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: "_"): 0
        case UInt8(ascii: "-"): 1
        default: Int(byte) + 2
        }
    }

    // MARK: Showing

    /// Writes an entry's public form, with the keys the handle has now.
    func write(_ entry: Entry, to json: inout JSONWriter, score: Int? = nil) {
        json.object { writer in
            for name in AgentProfile.members {
                guard let value = entry.profile.values[name] else { continue }
                writer.key(named: name)
                writer.value(value)
            }
            if let identity = book.find(entry.handle) {
                writer.field("box_pub", identity.boxKey)
                writer.field("sign_pub", identity.signKey)
            }
            writer.field("profile_sig", entry.signature)
            writer.field("last_seen_at", entry.lastSeenAt)
            if let score { writer.field("match_score", score) }
        }
    }
}
