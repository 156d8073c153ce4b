import NIOCore
public import SignalboxMetrics
import Web

/// The token buckets of everything that a client may do only so often: one a client in each scope, and one of
/// the client over all of them.
public final class RateLimits: Sendable {
    /// What a bucket is for. A client's posts into one room don't eat what it has for another.
    enum Scope: Hashable {
        case room(RoomID)
        case directMessage(Handle)
        /// Signed requests in the name of a handle, counted before the signature is looked at.
        case signed(Handle)
        case profile(Handle)
        case register, directory, report, contact

        var reason: LimitReason {
            switch self {
            case .room: .roomRate
            case .directMessage: .dmRate
            case .signed: .authRate
            case .profile: .profileRate
            case .register: .registerRate
            case .directory: .directoryRate
            case .report: .reportRate
            case .contact: .contactRate
            }
        }

        /// Reports must get through when everything else is limited, and reading isn't writing.
        var countsForClient: Bool {
            switch self {
            case .report, .directory: false
            default: true
            }
        }
    }

    private let scoped: TokenBuckets<UInt64>
    private let clients: TokenBuckets<IPAddress>
    private let listening: TokenBuckets<IPAddress>
    private let meter: Meter

    public init(limits: RoomLimits, meter: Meter) {
        scoped = TokenBuckets(capacity: limits.roomBurst, refillPerSecond: limits.roomRefillPerSecond)
        clients = TokenBuckets(capacity: limits.clientBurst, refillPerSecond: limits.clientRefillPerSecond)
        listening = TokenBuckets(
            capacity: limits.listeningBurst, refillPerSecond: limits.listeningRefillPerSecond)
        self.meter = meter
    }

    /// Takes a token for the client in the scope; the reason when there is none, which is counted.
    func reached(_ scope: Scope, by client: IPAddress) -> LimitReason? {
        // A 64-bit hash with the process's random seed stands for the pair, so that the table holds no ids.
        var hasher = Hasher()
        hasher.combine(scope)
        hasher.combine(client.limitKey)
        if !scoped.take(UInt64(bitPattern: Int64(hasher.finalize()))) { return count(scope.reason, client) }
        if scope.countsForClient, !clients.take(client.limitKey) { return count(.clientRate, client) }
        return nil
    }

    /// The same for signs of life. Many agents behind one address post them all day; they have buckets of
    /// their own, so that they don't eat what is there for messages.
    func listeningReached(by client: IPAddress) -> LimitReason? {
        listening.take(client.limitKey) ? nil : count(.listeningRate, client)
    }

    private func count(_ reason: LimitReason, _ client: IPAddress) -> LimitReason {
        meter.limited(reason, by: client.limitKey.hashValue)
        return reason
    }
}
