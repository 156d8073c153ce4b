import Atomics
import Foundation
import Synchronization

/// Work that is timed: so many operations, on the thread with this number.
typealias Work = @Sendable (_ thread: Int, _ operations: Int) -> Void

/// Nanoseconds per operation, as each thread sees it.
struct Timing {
    static let rounds = 9

    let median: Double
    let fastest: Double

    /// Times `work` on this thread.
    static func alone(operations: Int, _ work: Work) -> Timing {
        work(0, operations)
        let clock = ContinuousClock()
        return Timing((0..<rounds).map { _ in clock.measure { work(0, operations) } / operations })
    }

    /// Times `work` on two threads that do all of it at the same time. Rounds in which they hardly met,
    /// because something else had one of the processors, say nothing and are left out; nil when too few
    /// are left.
    static func together(operations: Int, _ work: @escaping Work) -> Timing? {
        let race = Race(operations: operations, rounds: rounds * 30, wanted: rounds, work)
        let results = race.run()
        return results.count == rounds ? Timing(results) : nil
    }

    private init(_ perOperation: [Duration]) {
        let sorted = perOperation.map { $0 / .nanoseconds(1) }.sorted()
        median = sorted[sorted.count / 2]
        fastest = sorted[0]
    }
}
