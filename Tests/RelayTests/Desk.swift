import Logging
import NIOConcurrencyHelpers
import SignalboxMetrics
import Web
@testable import Relay

/// A registrar with a clock of its own.
final class Desk: Sendable {
    let book: IdentityBook
    let meter = Meter()
    let clock = House.Clock(1_700_000_000_000)
    private let registrar: Registrar
    private let hook = NIOLockedValueBox<(@Sendable () -> Void)?>(nil)
    private let gone = NIOLockedValueBox<[Handle]>([])

    /// Who made way, in order.
    var forgotten: [Handle] { gone.withLockedValue { $0 } }

    init(
        store: IdentityStore? = nil, stored: [Identity] = [],
        limits change: (inout IdentityLimits) -> Void = { _ in }
    ) {
        var limits = IdentityLimits()
        change(&limits)
        book = IdentityBook(limits: limits, stored: stored, meter: meter, clock: clock.wall)
        registrar = Registrar(
            book: book, store: store, proofs: ReplayCache(perHandle: 64), meter: meter,
            clock: WallClock { [clock, hook] in
                hook.withLockedValue { action in
                    defer { action = nil }
                    return action
                }?()
                return clock.now
            },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, isListed: { _ in false },
            forget: { [gone] handle in gone.withLockedValue { $0.append(handle) } })
    }

    /// Has something happen in the middle of the next registration, when it asks for the time.
    func atNextLookAtTheClock(_ action: @escaping @Sendable () -> Void) {
        hook.withLockedValue { $0 = action }
    }

    /// Registers; the outcome in words that can be compared.
    func register(_ application: Registrar.Application) async -> String {
        switch await registrar.register(application) {
        case .registered(let time): "registered \(time)"
        case .taken: "taken"
        case .cap: "cap"
        case .proofMissing: "proof missing"
        case .badEncoding: "bad encoding"
        case .skew: "skew"
        case .replayed: "replayed"
        case .bad: "bad"
        case .full(let seconds): "full \(seconds)"
        case .storeUnavailable: "store unavailable"
        }
    }
}
