import Atomics
import SignalboxMetrics

/// One line of the table: what is timed, on how many threads, and what it should take at most.
struct Case {
    let name: String
    var threads = 1
    /// In nanoseconds; nil for what is only there to compare with.
    var target: Double?
    let work: Work
}

extension Case {
    /// Everything that is timed.
    /// - Parameters:
    ///   - inMemory: a meter over ordinary memory.
    ///   - mapped: a meter over a file mapping.
    static func all(inMemory: Meter, mapped: Meter) -> [Case] {
        // A thread keeps the table that it asked for, so what has none comes first.
        bareAtomics()
            + counting(mapped, "any thread, mapping") {}
            + counting(mapped, "event loop, mapping") { mapped.adoptThread() }
            + counting(inMemory, "event loop, memory") { inMemory.adoptThread() }
            + [
                Case(name: "raise a peak that stays where it is, mapping") { _, operations in
                    for _ in 0..<operations { mapped.raise(.subscribers, to: 7) }
                },
                Case(name: "observe one duration, event loop, mapping") { _, operations in
                    mapped.adoptThread()
                    for step in 0..<operations {
                        mapped.observe(
                            .requestDuration(.post), nanoseconds: 50_000 + UInt64(step & 0xfffff))
                    }
                },
            ]
    }

    private static func counting(
        _ meter: Meter, _ place: String, prepare: @escaping @Sendable () -> Void
    ) -> [Case] {
        let counters = Route.allCases.prefix(32).flatMap { route in
            [Counter.requests(route, .success), .requests(route, .clientError)]
        }
        return [
            Case(name: "add 1, \(place)", target: 5) { _, operations in
                prepare()
                for _ in 0..<operations { meter.add(.messages(.http)) }
            },
            Case(name: "add 1, the counter chosen at run time, \(place)", target: 5) { _, operations in
                prepare()
                counters.withUnsafeBufferPointer { counters in
                    for step in 0..<operations { meter.add(counters[step & 63]) }
                }
            },
            Case(name: "add 1, two threads, the same counter, \(place)", threads: 2, target: 40) {
                _, operations in
                prepare()
                for _ in 0..<operations { meter.add(.messages(.http)) }
            },
            Case(name: "add 1, two threads, different counters, \(place)", threads: 2) { thread, operations in
                prepare()
                if thread == 0 {
                    for _ in 0..<operations { meter.add(.messages(.http)) }
                } else {
                    for _ in 0..<operations { meter.add(.requests(.home, .success)) }
                }
            },
        ]
    }

    /// What this processor takes without any of our code.
    private static func bareAtomics() -> [Case] {
        let locked = ManagedAtomic<UInt64>(0)
        return [
            Case(name: "bare: one atomic add") { _, operations in
                for _ in 0..<operations { locked.wrappingIncrement(ordering: .relaxed) }
            },
            Case(name: "bare: one atomic load and one store") { _, operations in
                for _ in 0..<operations {
                    locked.store(locked.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
                }
            },
            Case(name: "bare: one atomic add, two threads", threads: 2) { _, operations in
                for _ in 0..<operations { locked.wrappingIncrement(ordering: .relaxed) }
            },
        ]
    }
}
