import ServiceLifecycle
import SignalboxMetrics

/// Brings samples to the alert desk, one after the other and behind the sampler's back: a desk that waits for
/// the disk must not keep the next sample waiting.
struct AlertWatch: Service {
    let desk: AlertDesk
    /// An evaluation sees every minute, or its windows would have holes; an hour of them is enough.
    private let samples = AsyncStream.makeStream(of: Point.self, bufferingPolicy: .bufferingNewest(60))

    init(desk: AlertDesk) { self.desk = desk }

    func take(_ point: Point) { samples.continuation.yield(point) }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await point in samples.stream { await desk.take(point) }
        }
    }
}
