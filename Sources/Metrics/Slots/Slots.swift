public import Atomics

/// The slot table's memory: 64-bit atomics that many threads add to.
///
/// Each value is monotone; together they are no snapshot, and nothing may rely on that.
public final class Slots: @unchecked Sendable {
    // Safe to share: the pointer never changes, the memory lives until `release` runs in deinit, and every
    // access is an atomic operation.
    @usableFromInline let base: UnsafeMutablePointer<UnsafeAtomic<UInt64>.Storage>
    private let release: @Sendable () -> Void

    /// Slots over memory that somebody else allocated, ``SlotTable/count`` values long.
    init(memory: UnsafeMutableRawPointer, release: @escaping @Sendable () -> Void) {
        base = memory.bindMemory(to: UnsafeAtomic<UInt64>.Storage.self, capacity: SlotTable.count)
        self.release = release
    }

    /// Slots in ordinary memory, all zero: for tests and for a machine without shared memory.
    public convenience init() {
        let bytes = SlotTable.count * MemoryLayout<UInt64>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        let address = UInt(bitPattern: memory)
        self.init(memory: memory) { UnsafeMutableRawPointer(bitPattern: address)?.deallocate() }
    }

    deinit { release() }

    @inlinable
    func add(_ amount: UInt64, to slot: Int) {
        UnsafeAtomic<UInt64>(at: base + slot).wrappingIncrement(by: amount, ordering: .relaxed)
    }

    @inlinable
    func load(_ slot: Int) -> UInt64 {
        UnsafeAtomic<UInt64>(at: base + slot).load(ordering: .relaxed)
    }

    func store(_ value: UInt64, in slot: Int) {
        UnsafeAtomic<UInt64>(at: base + slot).store(value, ordering: .relaxed)
    }

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
