public import Logging

/// What became of a note on one channel.
public enum DeliveryOutcome: String, Sendable, CaseIterable {
    case delivered
    /// Tried, and tried again where that made sense.
    case failed
    /// Never tried: too many were waiting, or the server stopped.
    case dropped
}

/// Brings notes to the operator over all configured channels, behind the back of whoever submits them.
///
/// Each channel has a queue of its own, so one that hangs doesn't keep notes from the others.
public final class OperatorDispatch: Sendable {
    private let lanes: [DeliveryLane]
    private let http: OutgoingHTTP
    private let drain: Duration
    // Nothing is ever sent: its end says that the server stops.
    private let stopping = AsyncStream.makeStream(of: Never.self)

    /// - Parameters:
    ///   - http: what the channels send with; it is shut down when ``run()`` ends.
    ///   - onOutcome: called once for each note and channel, from any thread, in ``submit(_:)`` when a note is
    ///     dropped for want of room. It must not block.
    public init(
        channels: [any OperatorChannel], over http: OutgoingHTTP, pace: DispatchPace = DispatchPace(),
        logger: Logger, onOutcome: @escaping @Sendable (ChannelKind, DeliveryOutcome, OperatorNote) -> Void
    ) {
        // Every lane gets its share of the deliveries at once, and at least one.
        let width = max(1, pace.atOnce / max(1, channels.count))
        lanes = channels.map {
            DeliveryLane(channel: $0, width: width, pace: pace, logger: logger, onOutcome: onOutcome)
        }
        self.http = http
        drain = pace.drain
    }

    /// How many channels there are.
    public var count: Int { lanes.count }

    /// No channel is configured: what is submitted goes nowhere.
    public var isEmpty: Bool { lanes.isEmpty }

    /// Puts a note in every channel's queue and returns at once. Notes submitted before ``run()`` wait for it.
    public func submit(_ note: OperatorNote) {
        for lane in lanes { lane.submit(note) }
    }

    /// Delivers until the task is cancelled, then for at most ``DispatchPace/drain`` what still waits.
    ///
    /// To be called once. It can be cancelled at a graceful shutdown: it cuts no delivery off before the drain's
    /// end and returns when all is done and the HTTP client is shut down.
    public func run() async {
        // A task of its own, as the caller's cancellation begins the drain but must not reach deliveries.
        let work = Task { await serve() }
        await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            for lane in lanes { lane.close() }
            stopping.continuation.finish()
        }
        await http.shutdown()
    }

    private func serve() async {
        // Without a channel there is nothing to wait for but the end.
        guard !lanes.isEmpty else {
            for await _ in stopping.stream {}
            return
        }
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { [stopping, drain] in
                for await _ in stopping.stream {}
                try? await Task.sleep(for: drain)
                return true
            }
            for lane in lanes {
                group.addTask {
                    await lane.serve()
                    return false
                }
            }
            var open = lanes.count
            while open > 0, let isOutOfTime = await group.next() {
                if isOutOfTime { group.cancelAll() } else { open -= 1 }
            }
            group.cancelAll()
        }
    }
}
