import Logging
import ServiceLifecycle
import SignalboxMetrics

/// Feeds the open streams: what there is now every few seconds, and a minute's point when it has been written.
/// Without a listener it does nothing.
struct StreamTicker: Service {
    let hub: StreamHub
    let metrics: Metrics
    let sessions: Sessions?
    /// Unix ms.
    let clock: @Sendable () -> Int64
    let logger: Logger

    /// Looks once a second; says how things are every so many looks.
    private static let looksPerNow = 5

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var looks = 0
            var revision = metrics.revision
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                guard !hub.isEmpty else {
                    revision = metrics.revision
                    continue
                }
                await endClosedSessions()
                if metrics.revision != revision {
                    revision = metrics.revision
                    await publishSample(revision)
                }
                looks += 1
                if looks.isMultiple(of: Self.looksPerNow) { hub.publish(.now(metrics, now: clock())) }
            }
        }
    }

    /// A stream ends with its session. What can't be checked counts as closed.
    private func endClosedSessions() async {
        let tickets = hub.sessions
        guard !tickets.isEmpty else { return }
        let open = (try? await sessions?.open(tickets)) ?? []
        if open != tickets { hub.endStreams(exceptOf: open) }
    }

    private func publishSample(_ revision: String) async {
        do {
            guard let point = try await metrics.history.recentMinutes(1).last else { return }
            hub.publish(.sample(point, revision: revision))
        } catch {
            logger.error("The newest point can't be read for the dashboard's stream: \(error)")
        }
    }
}
