import Logging

/// The queue of one channel and the deliveries under way on it.
struct DeliveryLane: Sendable {
    private let channel: any OperatorChannel
    private let width: Int
    private let pace: DispatchPace
    private let logger: Logger
    private let onOutcome: @Sendable (ChannelKind, DeliveryOutcome) -> Void
    private let queue: (stream: AsyncStream<OperatorNote>, intake: AsyncStream<OperatorNote>.Continuation)

    /// - Parameter width: how many deliveries are under way at once.
    init(
        channel: any OperatorChannel, width: Int, pace: DispatchPace, logger: Logger,
        onOutcome: @escaping @Sendable (ChannelKind, DeliveryOutcome) -> Void
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
        onOutcome(channel.kind, .dropped)
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
                    onOutcome(channel.kind, .dropped)
                    continue
                }
                group.addTask { await deliver(note) }
                underWay += 1
            }
        }
        guard left > 0 else { return }
        logger.error(
            "Reports were left undelivered when the server stopped",
            metadata: ["channel": "\(channel.kind.rawValue)", "count": "\(left)"])
    }

    /// Tries, and tries once more where that may help.
    private func deliver(_ note: OperatorNote) async {
        do throws(DeliveryError) {
            do throws(DeliveryError) {
                try await channel.deliver(note)
            } catch {
                guard error.isTransient else { throw error }
                do { try await Task.sleep(for: pause(after: error)) } catch { throw DeliveryError.cancelled }
                try await channel.deliver(note)
            }
            onOutcome(channel.kind, .delivered)
        } catch {
            logger.error(
                "A report could not be delivered",
                metadata: ["channel": "\(channel.kind.rawValue)", "why": "\(error)"])
            onOutcome(channel.kind, .failed)
        }
    }

    private func pause(after error: DeliveryError) -> Duration {
        guard case .refused(429, let wait?) = error else { return pace.pause }
        return min(wait, pace.longestPause)
    }
}
