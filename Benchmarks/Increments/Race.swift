import Atomics
import Foundation
import Synchronization

/// Two threads that do the same work at the same time, round after round.
final class Race: Sendable {
    private let operations: Int
    private let rounds: Int
    private let wanted: Int
    private let work: Work
    private let arrived = ManagedAtomic<Int>(0)
    private let finished = ManagedAtomic<Int>(0)
    private let isOver = ManagedAtomic<Bool>(false)
    private let spans = Mutex<[Span]>([])

    private struct Span {
        let start, end: ContinuousClock.Instant
        var length: Duration { start.duration(to: end) }
    }

    /// - Parameters:
    ///   - rounds: how many there are at most.
    ///   - wanted: how many good ones are enough.
    init(operations: Int, rounds: Int, wanted: Int, _ work: @escaping Work) {
        self.operations = operations
        self.rounds = rounds
        self.wanted = wanted
        self.work = work
    }

    /// Runs until enough rounds were good: those in which both threads worked at the same time.
    /// - Returns: the slower thread's time per operation in each.
    func run() -> [Duration] {
        let done = DispatchGroup()
        let results = Mutex<[Duration]>([])
        for number in 0..<2 {
            done.enter()
            Thread.detachNewThread { [self] in
                // The same two threads throughout, as event loops are.
                for round in 1...rounds where pass(number, round) && number == 0 {
                    let good = judge()
                    let count = results.withLock { list in
                        good.map { list.append($0) }
                        return list.count
                    }
                    if count == wanted { break }
                }
                if number == 0 { isOver.store(true, ordering: .releasing) }
                done.leave()
            }
        }
        done.wait()
        return results.withLock { $0 }
    }

    /// One thread's part of a round; false when there is no other to run against.
    private func pass(_ number: Int, _ round: Int) -> Bool {
        // Both spin until both are there: waking up takes longer than many operations.
        arrived.wrappingIncrement(ordering: .acquiringAndReleasing)
        while arrived.load(ordering: .acquiring) < 2 * round {
            if isOver.load(ordering: .acquiring) { return false }
        }
        let start = ContinuousClock.now
        work(number, operations)
        let span = Span(start: start, end: .now)
        spans.withLock { $0.append(span) }
        finished.wrappingIncrement(ordering: .acquiringAndReleasing)
        while number == 0, finished.load(ordering: .acquiring) < 2 * round {}
        return true
    }

    /// Rounds in which they hardly met, because something else had one of the processors, say nothing.
    private func judge() -> Duration? {
        let pair = spans.withLock { list in
            defer { list.removeAll() }
            return list
        }
        guard pair.count == 2 else { return nil }
        let (first, second) = (pair[0], pair[1])
        let whole = min(first.start, second.start).duration(to: max(first.end, second.end))
        let shared = max(first.start, second.start).duration(to: min(first.end, second.end))
        return shared / whole > 0.8 ? max(first.length, second.length) / operations : nil
    }
}
