import NIOConcurrencyHelpers

/// What each handle has signed within the time in which it could be sent again.
///
/// Per handle, so that nobody can flush another's entries, and it fails closed: a handle that has signed as
/// much as is remembered of it has to wait. A 64-bit hash with the process's random seed stands for what was
/// signed.
final class ReplayCache: Sendable {
    private let perHandle: Int
    private let total: Int
    /// What a handle may always keep, however full the whole is.
    private static let share = 8
    private let state = NIOLockedValueBox(State())

    private struct State {
        /// Handle → hash → Unix ms until which it could be sent again.
        var seen: [Handle: [UInt64: Int64]] = [:]
        var count = 0
    }

    /// What the cache says of something signed.
    enum Entry: Equatable {
        case fresh
        case replayed
        /// No room for more; in how many seconds there will be some.
        case full(retryAfter: Int)
    }

    /// - Parameters:
    ///   - perHandle: entries of one handle at once.
    ///   - total: entries of all handles at once; beyond it a handle has its small share only.
    init(perHandle: Int, total: Int = 262_144) {
        self.perHandle = perHandle
        self.total = max(total, perHandle)
    }

    /// Whether it was seen and still counts. A cheap look before a costly verify.
    func has(_ item: String, of handle: Handle, now: Int64) -> Bool {
        let key = Self.key(item)
        return state.withLockedValue { ($0.seen[handle]?[key] ?? .min) >= now }
    }

    /// Remembers it until `expiry`, unless it was seen already or there is no room.
    /// - Parameters:
    ///   - expiry: Unix ms; after it the signature's own time is over.
    func remember(_ item: String, of handle: Handle, until expiry: Int64, now: Int64) -> Entry {
        let key = Self.key(item)
        return state.withLockedValue { state in
            var known = state.seen[handle] ?? [:]
            if (known[key] ?? .min) >= now { return .replayed }
            let before = known.count
            if known.count >= perHandle || (state.count >= total && known.count >= Self.share) {
                known = known.filter { $0.value >= now }
            }
            let isFull =
                known.count >= perHandle
                || (state.count - before + known.count >= total && known.count >= Self.share)
            if !isFull { known[key] = expiry }
            state.count += known.count - before
            state.seen[handle] = known
            guard isFull else { return .fresh }
            let next = known.values.min() ?? now
            return .full(retryAfter: Int(max(1, (next - now) / 1_000 + 1)))
        }
    }

    /// Drops what is out of time; a few handles at a time, so that nobody's signature waits for all of them.
    func sweep(now: Int64) {
        let handles = state.withLockedValue { Array($0.seen.keys) }
        for start in stride(from: 0, to: handles.count, by: 64) {
            state.withLockedValue { state in
                for handle in handles[start..<min(start + 64, handles.count)] {
                    guard let known = state.seen[handle] else { continue }
                    let kept = known.filter { $0.value >= now }
                    state.seen[handle] = kept.isEmpty ? nil : kept
                    state.count -= known.count - kept.count
                }
            }
        }
    }

    /// Drops all of a handle that is no more.
    func forget(_ handle: Handle) {
        state.withLockedValue { state in
            state.count -= state.seen.removeValue(forKey: handle)?.count ?? 0
        }
    }

    /// Entries of all handles.
    var count: Int { state.withLockedValue(\.count) }

    private static func key(_ item: String) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(item)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
