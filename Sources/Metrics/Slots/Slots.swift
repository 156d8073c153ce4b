public import Atomics
public import CSlots

/// The slot table's memory: 64-bit values that many threads add to.
///
/// A value is the sum of one that all threads share and one of each thread that asked for its own
/// (``adoptThread()``): an event loop then counts without a locked addition and without passing a cache line
/// on. Each sum is monotone; together they are no snapshot, and nothing may rely on that.
public final class Slots: @unchecked Sendable {
    // Safe to share: the pointers never change, the memory lives until `release` runs in deinit, every access
    // is an atomic operation, and a thread's own values are written by that thread alone.
    @usableFromInline let base: UnsafeMutablePointer<UnsafeAtomic<UInt64>.Storage>
    /// Tells this table from all others that a thread may have values of its own in.
    @usableFromInline let identity: UInt64
    /// How many of the threads' tables may hold anything but 0.
    private let used: ManagedAtomic<Int>
    private let adopted = ManagedAtomic<Int>(0)
    private let release: @Sendable () -> Void

    /// How many threads can have values of their own; further ones share.
    static let threads = 16
    /// Values from one table to the next: whole cache lines, in pairs since they are fetched so.
    static let stride = (SlotTable.count + 15) / 16 * 16
    /// Values in all: the shared table, then the threads'.
    static let capacity = stride * (1 + threads)
    static var bytes: Int { capacity * MemoryLayout<UInt64>.stride }

    private static let identities = ManagedAtomic<UInt64>(0)

    /// Slots over memory that somebody else allocated, ``bytes`` long and at the start of a cache line.
    /// - Parameter used: how many threads' tables hold something already.
    init(memory: UnsafeMutableRawPointer, used: Int = 0, release: @escaping @Sendable () -> Void) {
        base = memory.bindMemory(to: UnsafeAtomic<UInt64>.Storage.self, capacity: Self.capacity)
        identity = Self.identities.wrappingIncrementThenLoad(ordering: .relaxed)
        self.used = ManagedAtomic(used)
        self.release = release
    }

    /// Slots in ordinary memory, all zero: for tests and for a machine without shared memory.
    public convenience init() {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Self.bytes, alignment: 128)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: Self.bytes)
        let address = UInt(bitPattern: memory)
        self.init(memory: memory) { UnsafeMutableRawPointer(bitPattern: address)?.deallocate() }
    }

    deinit { release() }

    /// Gives the calling thread values of its own, for as long as it runs. For threads that live as long as the
    /// process: what they leave stays counted, but their table is never given to another.
    func adoptThread() {
        guard slots_own_table() != identity else { return }
        let index = adopted.loadThenWrappingIncrement(ordering: .relaxed)
        guard index < Self.threads else { return }
        var known = used.load(ordering: .relaxed)
        while known <= index {
            known =
                used.weakCompareExchange(expected: known, desired: index + 1, ordering: .relaxed).original
        }
        slots_own_adopt(identity, table(index + 1))
    }

    private func table(_ number: Int) -> UnsafeMutablePointer<UInt64> {
        UnsafeMutableRawPointer(base + number * Self.stride).assumingMemoryBound(to: UInt64.self)
    }

    @inlinable
    func add(_ amount: UInt64, to slot: Int) {
        slots_add(
            UnsafeMutableRawPointer(base).assumingMemoryBound(to: UInt64.self), identity, slot, amount)
    }

    func load(_ slot: Int) -> UInt64 {
        slots_sum(table(0), 1 + used.load(ordering: .relaxed), Self.stride, slot)
    }

    /// Adds what is missing to `value`: a start's, before anybody counts.
    func restore(_ slot: Int, to value: UInt64) {
        let known = load(slot)
        if known < value { add(value - known, to: slot) }
    }

    // MARK: Highest values, which no thread has for itself

    func exchange(_ value: UInt64, in slot: Int) -> UInt64 {
        UnsafeAtomic<UInt64>(at: base + slot).exchange(value, ordering: .relaxed)
    }

    /// Raises the slot to `value` unless it is higher already.
    @inlinable
    func raise(_ slot: Int, to value: UInt64) {
        let atomic = UnsafeAtomic<UInt64>(at: base + slot)
        var known = atomic.load(ordering: .relaxed)
        while known < value {
            let (done, original) = atomic.weakCompareExchange(
                expected: known, desired: value, ordering: .relaxed)
            if done { return }
            known = original
        }
    }

    /// Every slot's value, in slot order.
    func values() -> [UInt64] { (0..<SlotTable.count).map(load) }
}
