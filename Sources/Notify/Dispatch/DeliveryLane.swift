import Logging

/// The queue of one channel and the deliveries under way on it.
struct DeliveryLane: Sendable {
    private let channel: any OperatorChannel
    private let width: Int
    private let pace: DispatchPace
    private let logger: Logger
    private let onOutcome: @Sendable (ChannelKind, DeliveryOutcome, OperatorNote) -> Void
    private let queue: (stream: AsyncStream<OperatorNote>, intake: AsyncStream<OperatorNote>.Continuation)

    /// - Parameter width: how many deliveries are under way at once.
    init(
        channel: any OperatorChannel, width: Int, pace: DispatchPace, logger: Logger,
        onOutcome: @escaping @Sendable (ChannelKind, DeliveryOutcome, OperatorNote) -> Void
    ) {
        self.channel = channel
        self.width = width
        self.pace = pace
        self.logger = logger
        self.onOutcome = onOutcome
        let (stream, intake) = AsyncStream.makeStream(
            of: OperatorNote.self, bufferingPolicy: .bufferingOldest(pace.waiting))
        queue = (stream, intake)
    }

    func submit(_ note: OperatorNote) {
        if case .enqueued = queue.intake.yield(note) { return }
        onOutcome(channel.kind, .dropped, note)
    }

    /// Takes no more notes; ``serve()`` returns when those that wait are done.
    func close() {
        queue.intake.finish()
    }

    /// Delivers until the lane is closed and empty. Cancelled, it drops what waits.
    func serve() async {
        var left = 0
        await withTaskGroup(of: Void.self) { group in
            var underWay = 0
            var notes = queue.stream.makeAsyncIterator()
            while true {
                // Room first, then a note: one taken early would wait outside of the queue's bound.
                if underWay == width {
                    await group.next()
                    underWay -= 1
                }
                guard let note = await notes.next() else { break }
                guard !Task.isCancelled else {
                    left += 1
                    onOutcome(channel.kind, .dropped, note)
                    continue
                }
                group.addTask { await deliver(note) }
                underWay += 1
            }
        }
        guard left > 0 else { return }
        logger.error(
            "Messages to the operator were left undelivered when the server stopped",
            metadata: ["channel": "\(channel.kind.rawValue)", "count": "\(left)"])
    }

    /// Tries, and tries again where that may help.
    private func deliver(_ note: OperatorNote) async {
        var pauses = pace.pauses[...]
        while true {
            do throws(DeliveryError) {
                try await channel.deliver(note)
                return onOutcome(channel.kind, .delivered, note)
            } catch {
                var failure = error
                if error.isTransient, let pause = pauses.popFirst() {
                    if await waited(pause, after: error) { continue }
                    failure = .cancelled
                }
                logger.error(
                    "A message to the operator could not be delivered",
                    metadata: ["channel": "\(channel.kind.rawValue)", "why": "\(failure)"])
                return onOutcome(channel.kind, .failed, note)
            }
        }
    }

    /// Waits for as long as the service asked for, or for the pause; false when the server stops meanwhile.
    private func waited(_ pause: Duration, after error: DeliveryError) async -> Bool {
        var pause = pause
        if case .refused(429, let wait?) = error { pause = min(wait, pace.longestPause) }
        do { try await Task.sleep(for: pause) } catch { return false }
        return true
    }
}
