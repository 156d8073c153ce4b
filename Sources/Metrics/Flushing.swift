/// Samples on their way to the store, in the order they were taken.
///
/// Taking a sample never waits for the disk: while it is full, slow or gone, each minute's point waits here
/// and lands later in its own minute.
actor Flushing {
    /// What the slots held at the last sample.
    private var sampled: [UInt64]
    /// What the store holds.
    private var stored: [UInt64]
    private var pending: [Store.Flush.Sample] = []
    /// How many of them, from the front, a write has in its hands.
    private var inFlight = 0
    private(set) var isWriting = false
    private var began: ContinuousClock.Instant?
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Points kept for a store that takes none, a day's; above that the oldest two become one.
    static let pendingMax = 1_440

    init(stored: [UInt64]) {
        self.stored = stored
        sampled = stored
    }

    @discardableResult
    func sample(_ t: Int64, _ metrics: Metrics) -> Point {
        let (sample, values) = metrics.sample(at: t, since: sampled)
        sampled = values
        pending.append(sample)
        if pending.count > max(Self.pendingMax, inFlight + 1) {
            let oldest = pending.remove(at: inFlight)
            pending[inFlight].point.merge(oldest.point)
            pending[inFlight].visits.merge(oldest.visits, uniquingKeysWith: +)
        }
        metrics.noteUnwritten(pending.count)
        return sample.point
    }

    /// Has everything written that waits, and only then takes it from the list.
    func write(_ metrics: Metrics, _ body: @Sendable (Store.Flush) async throws -> Void) async throws {
        await begin()
        began = .now
        defer { end() }
        let flush = Store.Flush(samples: pending, values: sampled, stored: stored)
        inFlight = pending.count
        defer { inFlight = 0 }
        try await body(flush)
        stored = flush.values
        pending.removeFirst(inFlight)
        metrics.noteUnwritten(pending.count)
    }

    /// How long the write that is under way has taken.
    var writingFor: Duration { began.map { .now - $0 } ?? .zero }

    /// Waits for its turn: an actor lets others in while it waits for the disk, and two writers that start
    /// from the same values would count twice.
    private func begin() async {
        if isWriting {
            await withCheckedContinuation { waiting.append($0) }
        } else {
            isWriting = true
        }
    }

    private func end() {
        if waiting.isEmpty { isWriting = false } else { waiting.removeFirst().resume() }
    }
}
