public import NIOConcurrencyHelpers
public import NIOCore

/// Token buckets, one a key: `capacity` at once, `refillPerSecond` sustained.
///
/// A bucket is one number, the time at which it will be full again. A full bucket says nothing and is
/// forgotten, so the table holds only those who were busy in the last seconds.
public final class TokenBuckets<Key: Hashable & Sendable>: Sendable {
    @usableFromInline let capacity: Double
    @usableFromInline let nanosecondsPerToken: Double
    @usableFromInline let entriesMax: Int
    /// Key → uptime in ns at which the bucket is full.
    @usableFromInline let fullAt = NIOLockedValueBox<[Key: Int64]>([:])

    /// - Parameter entriesMax: how many keys are remembered; above it the least busy half is forgotten.
    public init(capacity: Int, refillPerSecond: Double, entriesMax: Int = 65_536) {
        self.capacity = Double(capacity)
        nanosecondsPerToken = 1_000_000_000 / refillPerSecond
        self.entriesMax = entriesMax
    }

    /// Takes one token; false when there is none. Asked twice for each message: inlinable, so that it knows its key.
    @inlinable
    public func take(_ key: Key, now: NIODeadline = .now()) -> Bool {
        let now = Int64(now.uptimeNanoseconds)
        return fullAt.withLockedValue { table in
            let full = max(table[key] ?? now, now)
            let missing = Double(full - now) / nanosecondsPerToken
            guard capacity - missing >= 1 else { return false }
            if table.count >= entriesMax { Self.shrink(&table, to: entriesMax / 2, now: now) }
            let (next, overflow) = full.addingReportingOverflow(Int64(nanosecondsPerToken))
            table[key] = overflow ? .max : next
            return true
        }
    }

    /// Whether a token is there, without taking it.
    public func has(_ key: Key, now: NIODeadline = .now()) -> Bool {
        let now = Int64(now.uptimeNanoseconds)
        return fullAt.withLockedValue {
            capacity - Double(max(0, ($0[key] ?? now) - now)) / nanosecondsPerToken >= 1
        }
    }

    /// How many keys are remembered.
    public var count: Int { fullAt.withLockedValue(\.count) }

    @usableFromInline
    static func shrink(_ table: inout [Key: Int64], to size: Int, now: Int64) {
        table = table.filter { $0.value > now }
        guard table.count > size else { return }
        let keep = table.sorted { $0.value > $1.value }.prefix(size)
        table = Dictionary(uniqueKeysWithValues: keep.map { ($0.key, $0.value) })
    }
}
