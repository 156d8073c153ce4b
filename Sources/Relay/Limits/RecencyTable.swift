/// A table that forgets what was used least recently. Both uses and forgetting take constant time.
struct RecencyTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        var value: Value
        var use: UInt64
    }
    private var entries: [Key: Entry] = [:]
    /// Uses in order; an entry used again since has a newer one further on, and this one is skipped.
    private var uses: [(key: Key, use: UInt64)] = []
    private var oldestUse = 0
    private var lastUse: UInt64 = 0

    var count: Int { entries.count }

    /// The value of a key, without using it.
    func peek(_ key: Key) -> Value? { entries[key]?.value }

    /// The value of a key, which is then the most recently used.
    mutating func use(_ key: Key) -> Value? {
        guard let entry = entries[key] else { return nil }
        set(key, entry.value)
        return entry.value
    }

    /// Puts a value in, as the most recently used.
    mutating func set(_ key: Key, _ value: Value) {
        lastUse += 1
        entries[key] = Entry(value: value, use: lastUse)
        uses.append((key, lastUse))
        if uses.count > 64, uses.count > entries.count * 4 { compact() }
    }

    mutating func remove(_ key: Key) -> Value? { entries.removeValue(forKey: key)?.value }

    /// Takes out the least recently used entry, if `condition` holds for it.
    mutating func popOldest(where condition: (Value) -> Bool = { _ in true }) -> (key: Key, value: Value)? {
        while oldestUse < uses.count {
            let (key, use) = uses[oldestUse]
            guard let entry = entries[key], entry.use == use else {
                oldestUse += 1
                continue
            }
            guard condition(entry.value) else { return nil }
            oldestUse += 1
            entries[key] = nil
            return (key, entry.value)
        }
        return nil
    }

    private mutating func compact() {
        uses = uses[oldestUse...].filter { entries[$0.key]?.use == $0.use }
        oldestUse = 0
    }
}
