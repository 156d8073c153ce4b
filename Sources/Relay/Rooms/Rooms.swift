import Atomics
public import SignalboxMetrics
import Web

/// The rooms with their limits: what the routes talk to.
public final class Rooms: Sendable {
    let limits: RoomLimits
    let meter: Meter
    let registry: RoomRegistry
    let streamCap: ConcurrencyCap
    let waiterCap: ConcurrencyCap
    private let roomBuckets: TokenBuckets<UInt64>
    private let clientBuckets: TokenBuckets<IPAddress>
    private let subscribers = ManagedAtomic<Int>(0)

    public init(limits: RoomLimits, meter: Meter, clock: WallClock = .system) {
        self.limits = limits
        self.meter = meter
        registry = RoomRegistry(limits: limits, meter: meter, clock: clock)
        streamCap = ConcurrencyCap(limit: limits.streamsPerClient)
        waiterCap = ConcurrencyCap(limit: limits.waitersPerClient)
        roomBuckets = TokenBuckets(capacity: limits.roomBurst, refillPerSecond: limits.roomRefillPerSecond)
        clientBuckets = TokenBuckets(
            capacity: limits.clientBurst, refillPerSecond: limits.clientRefillPerSecond)
    }

    /// Reads the live gauges.
    public var gauges: any GaugeSource { registry }

    /// Ends idle rooms and drops messages that are out of time; call it every few seconds.
    public func sweep() { registry.sweep() }

    /// How often ``sweep()`` should be called, in seconds: the original's 15, sooner for a short grace.
    public var sweepSeconds: Int { max(1, min(15, limits.graceSeconds / 2)) }

    /// What became of a post.
    enum Posting {
        case accepted(Message)
        case limited(LimitReason)
        case unsigned
        case badSignature
        case roomCap
        case memoryFuse
    }

    /// Takes a checked message into its room.
    /// - Parameter otherwise: the sender's label when the client gave none.
    func post(
        _ draft: MessageDraft, to id: RoomID, client: IPAddress, via ingress: Ingress, kind: ClientKind,
        otherwise label: String
    ) -> Posting {
        if let reason = limitReached(id, client) {
            meter.add(.limited(reason))
            return .limited(reason)
        }
        while true {
            guard let room = registry.findOrOpen(id) else {
                meter.add(.overCapacity(.roomCap))
                return .roomCap
            }
            // No handle is registered, so no claim to be one can verify.
            if draft.isSigned { return .badSignature }
            if draft.wantsSignedOnly { return .unsigned }
            guard registry.charge(draft.chargedBytes) else {
                meter.add(.overCapacity(.memoryFuse))
                return .memoryFuse
            }
            guard let message = room.publish(draft, sender: draft.sender ?? label) else {
                // The room ended between look-up and post.
                registry.release(bytes: draft.chargedBytes)
                continue
            }
            meter.add(.messages(ingress))
            meter.add(.messageBytes, UInt64(draft.ciphertext.utf8.count))
            meter.add(.messageClients(kind))
            return .accepted(message)
        }
    }

    private func limitReached(_ id: RoomID, _ client: IPAddress) -> LimitReason? {
        // A 64-bit hash with the process's random seed stands for the pair, so that the table holds no ids.
        var hasher = Hasher()
        hasher.combine(id)
        hasher.combine(client.limitKey)
        guard roomBuckets.take(UInt64(bitPattern: Int64(hasher.finalize()))) else { return .roomRate }
        return clientBuckets.take(client.limitKey) ? nil : .clientRate
    }

    func subscriberJoined(_ transport: Transport) {
        meter.add(.connects(transport))
        meter.raise(.subscribers, to: subscribers.wrappingIncrementThenLoad(ordering: .relaxed))
    }

    func subscriberLeft(_ transport: Transport, _ reason: DisconnectReason, _ client: IPAddress) {
        subscribers.wrappingDecrement(ordering: .relaxed)
        streamCap.release(client)
        meter.add(.disconnects(transport, reason))
    }
}
