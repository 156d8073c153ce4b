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
        var results: [Duration] = []
        for _ in 0..<rounds * 30 where results.count < rounds {
            let spans = onTwoThreads { work($0, operations) }
            let (first, second) = (spans[0], spans[1])
            let whole = min(first.start, second.start).duration(to: max(first.end, second.end))
            let shared = max(first.start, second.start).duration(to: min(first.end, second.end))
            if shared / whole > 0.8 { results.append(max(first.length, second.length) / operations) }
        }
        return results.count == rounds ? Timing(results) : nil
    }

    private init(_ perOperation: [Duration]) {
        let sorted = perOperation.map { $0 / .nanoseconds(1) }.sorted()
        median = sorted[sorted.count / 2]
        fastest = sorted[0]
    }

    private struct Span {
        let start, end: ContinuousClock.Instant
        var length: Duration { start.duration(to: end) }
    }

    private static func onTwoThreads(_ body: @escaping @Sendable (_ thread: Int) -> Void) -> [Span] {
        let spans = Spans()
        let waiting = ManagedAtomic<Int>(0)
        let done = DispatchGroup()
        for number in 0..<2 {
            done.enter()
            Thread.detachNewThread {
                // Both spin until both are there: waking up takes longer than many operations.
                waiting.wrappingIncrement(ordering: .relaxed)
                while waiting.load(ordering: .relaxed) < 2 {}
                let start = ContinuousClock.now
                body(number)
                spans.add(Span(start: start, end: .now))
                done.leave()
            }
        }
        done.wait()
        return spans.all
    }

    private final class Spans: Sendable {
        private let list = Mutex<[Span]>([])
        func add(_ span: Span) { list.withLock { $0.append(span) } }
        var all: [Span] { list.withLock { $0 } }
    }
}
