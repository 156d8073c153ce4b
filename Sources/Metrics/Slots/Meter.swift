public import GeoIP

/// Where everything is counted. Counting is a handful of relaxed atomic adds: no lock, no allocation, no wait.
///
/// One increment serves two readings: ``total(_:)`` is the count since first boot, for people;
/// ``sinceStart(_:)`` starts at 0 with the process, for Prometheus.
public final class Meter: Sendable {
    @usableFromInline let slots: Slots
    private let atStart: [UInt64]
    private let limited = LimitedClients()

    /// A meter over `slots`, whose present values become the zero of ``sinceStart(_:)``.
    public init(slots: Slots = Slots()) {
        self.slots = slots
        atStart = slots.values()
    }

    /// Makes counting on the calling thread cheaper. For event loops: threads that live as long as the process
    /// and of which there are few.
    public func adoptThread() { slots.adoptThread() }

    /// Counts `amount` events.
    @inlinable
    public func add(_ counter: Counter, _ amount: UInt64 = 1) {
        // For `make bench` alone: what counting costs.
        #if !WITHOUT_COUNTING
            slots.add(amount, to: counter.slot)
        #endif
    }

    /// Counts a refusal by a limit.
    /// - Parameter who: a number that stands for whom the limit is kept for, the same for the same one within
    ///   this process, and with which nobody else could begin anything.
    public func limited(_ reason: LimitReason, by who: Int) {
        add(.limited(reason))
        if limited.isFirst(reason, who) { add(.limitedClients(reason)) }
    }

    /// Begins a minute of those in which whoever meets a limit counts once.
    /// - Parameter t: Unix ms.
    func beginLimitedMinute(_ t: Int64) { limited.beginMinute(t) }

    /// Puts `count` observations of `nanoseconds` each into the histogram.
    public func observe(_ histogram: Histogram, nanoseconds: UInt64, count: UInt64 = 1) {
        #if !WITHOUT_COUNTING
            let first = SlotTable.slot(histogram)
            let bounds = Histogram.boundsNanoseconds
            var bucket = 0
            while bucket < bounds.count, nanoseconds > bounds[bucket] { bucket += 1 }
            slots.add(count, to: first + bucket)
            slots.add(nanoseconds &* count, to: first + bounds.count + 1)
        #endif
    }

    /// Raises a peak, both the highest ever and the present minute's.
    public func raise(_ peak: Peak, to value: Int) {
        #if !WITHOUT_COUNTING
            slots.raise(SlotTable.highest(peak), to: UInt64(value))
            slots.raise(SlotTable.thisMinute(peak), to: UInt64(value))
        #endif
    }

    /// Counts a page visit from a country.
    public func visit(_ country: CountryCode) { slots.add(1, to: SlotTable.slot(country)) }

    /// Page visits from a country since first boot.
    public func visits(_ country: CountryCode) -> UInt64 { slots.load(SlotTable.slot(country)) }

    /// Page visits from everywhere since first boot.
    public var visits: UInt64 { CountryCode.all.reduce(0) { $0 &+ visits($1) } }

    /// Remembers that sequence numbers up to `value` were issued.
    @inlinable
    public func markSequence(_ value: UInt64) { slots.raise(SlotTable.sequenceMark, to: value) }

    /// The highest sequence number ever issued, over all runs.
    public var sequenceMark: UInt64 { slots.load(SlotTable.sequenceMark) }

    /// The count since first boot.
    public func total(_ counter: Counter) -> UInt64 { slots.load(counter.slot) }

    /// The sum of several counts since first boot.
    public func total(_ counters: [Counter]) -> UInt64 { counters.reduce(0) { $0 &+ total($1) } }

    /// A total of the original's wire format since first boot, with what an imported server had counted.
    public func total(of original: OriginalTotal) -> UInt64 {
        original.slots.reduce(0) { $0 &+ slots.load($1) }
    }

    /// The count since this process started.
    public func sinceStart(_ counter: Counter) -> UInt64 { slots.load(counter.slot) &- atStart[counter.slot] }

    /// The highest value ever.
    public func highest(_ peak: Peak) -> UInt64 { slots.load(SlotTable.highest(peak)) }

    /// One slot's count since this process started.
    func sinceStart(slot: Int) -> UInt64 { slots.load(slot) &- atStart[slot] }
}
