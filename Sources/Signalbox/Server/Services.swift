import Foundation
import NIOConcurrencyHelpers
import Relay
import ServiceLifecycle
import SignalboxMetrics
import Web

/// Takes a sample each minute on the minute, and a last one at shutdown.
struct Sampler: Service {
    let metrics: Metrics
    let clock: WallClock
    /// What looks at each sample once it is taken; it must not take long.
    let onSample: @Sendable (Point) -> Void
    /// Clock seconds in a second; 1 outside tests.
    let rate: Int64

    private static let minute: Int64 = 60_000
    /// 30 ms late on purpose: a timer that fires early would sample the old minute twice.
    private static let late: Int64 = 30

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // An early point, so that the chart has something to show at once.
            try? await Task.sleep(for: .milliseconds(5_000 / rate))
            while !Task.isCancelled {
                onSample(await metrics.tick(at: Self.label(clock.now())))
                let rest = Self.minute - clock.now() % Self.minute
                try? await Task.sleep(for: .milliseconds(rest / rate + Self.late / min(rate, 10)))
            }
        }
        await metrics.close(at: clock.now())
    }

    /// A sample taken just after a minute's end belongs to that minute.
    static func label(_ now: Int64) -> Int64 {
        let into = now % minute
        return into < 5_000 ? now - into - 1 : now
    }
}

/// Ends idle rooms and drops messages that are out of time.
struct Janitor: Service {
    let relay: RelayState

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(relay.sweepSeconds))
                relay.sweep()
            }
        }
    }
}

/// Writes what the relay keeps of its identities' activity once a minute, and a last time at shutdown.
struct Bookkeeper: Service {
    let relay: RelayState

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(60))
                await relay.save()
            }
        }
        await relay.save()
    }
}

/// Client connections, as a gauge. The front is made after the metrics, so it is handed in later.
final class ConnectionGauge: GaugeSource {
    private let front = NIOLockedValueBox<Front?>(nil)

    func watch(_ front: Front) { self.front.withLockedValue { $0 = front } }

    func read(into readings: inout GaugeReadings) {
        readings[.openConnections] = Double(front.withLockedValue { $0?.openConnections } ?? 0)
    }
}
