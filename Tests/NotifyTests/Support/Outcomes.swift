import NIOConcurrencyHelpers
@testable import Notify

/// The outcomes a dispatch told.
final class Outcomes: Sendable {
    private let box = NIOLockedValueBox<[ChannelKind: [DeliveryOutcome]]>([:])

    func note(_ kind: ChannelKind, _ outcome: DeliveryOutcome) {
        box.withLockedValue { $0[kind, default: []].append(outcome) }
    }

    subscript(kind: ChannelKind) -> [DeliveryOutcome] { box.withLockedValue { $0[kind] ?? [] } }

    func count(_ outcome: DeliveryOutcome) -> Int {
        box.withLockedValue { $0.values.joined().count { $0 == outcome } }
    }

    /// Waits for so many outcomes; false when they don't come.
    func reach(_ total: Int) async throws -> Bool {
        for _ in 0..<2_500 {
            if box.withLockedValue({ $0.values.joined().count }) >= total { return true }
            try await Task.sleep(for: .milliseconds(2))
        }
        return false
    }
}
