import Atomics
import SignalboxMetrics
import Web

/// The rooms with their limits: what the routes talk to.
final class Rooms: Sendable {
    let limits: RoomLimits
    let meter: Meter
    let registry: RoomRegistry
    let streamCap: ConcurrencyCap
    let waiterCap: ConcurrencyCap
    let rates: RateLimits
    private let signatures: RoomSignatures
    private let subscribers = ManagedAtomic<Int>(0)

    /// - Parameter signatures: how senders prove who they are; by default nobody is registered.
    init(
        limits: RoomLimits, meter: Meter, clock: WallClock, rates: RateLimits? = nil,
        signatures: RoomSignatures? = nil
    ) {
        self.limits = limits
        self.meter = meter
        registry = RoomRegistry(limits: limits, meter: meter, clock: clock)
        self.rates = rates ?? RateLimits(limits: limits, meter: meter)
        self.signatures =
            signatures
            ?? RoomSignatures(
                book: IdentityBook(limits: IdentityLimits(), meter: meter, clock: clock),
                cache: ReplayCache(perHandle: 64), meter: meter, clock: clock)
        streamCap = ConcurrencyCap(limit: limits.streamsPerClient)
        waiterCap = ConcurrencyCap(limit: limits.waitersPerClient)
    }

    /// Reads the live gauges.
    var gauges: any GaugeSource { registry }

    /// What became of a post.
    enum Posting {
        case accepted(Message)
        case limited(LimitReason)
        /// It wanted the room locked without being signed.
        case unsignedLock
        /// The room is locked and it isn't signed.
        case signedOnly
        case badSignature
        /// As many signatures of the sender as are remembered were seen within their time.
        case replayCache(retryAfter: Int)
        case roomCap
        case memoryFuse
    }

    /// Takes a checked message into its room.
    /// - Parameter otherwise: the sender's label when the client gave none.
    func post(
        _ draft: MessageDraft, to id: RoomID, client: IPAddress, via ingress: Ingress, kind: ClientKind,
        otherwise label: String
    ) -> Posting {
        if let reason = rates.reached(.room(id), by: client) { return .limited(reason) }
        var verified: Handle?
        while true {
            guard let room = registry.findOrOpen(id) else {
                meter.add(.overCapacity(.roomCap))
                return .roomCap
            }
            guard registry.hasRoom(for: draft.chargedBytes) else { return fuseBlown() }
            if let claim = draft.claim, verified == nil {
                switch signatures.check(claim, room: id, ciphertext: draft.ciphertext) {
                case .good: verified = Handle(claim.handle)
                case .bad, .replayed: return .badSignature
                case .full(let seconds): return .replayCache(retryAfter: seconds)
                }
            }
            guard registry.charge(draft.chargedBytes) else { return fuseBlown() }
            let publishing = room.publish(draft, label: draft.sender ?? label, verified: verified)
            guard case .published(let message) = publishing else {
                registry.release(bytes: draft.chargedBytes)
                switch publishing {
                case .unsignedLock: return .unsignedLock
                case .signedOnly: return .signedOnly
                // The room ended between look-up and post.
                case .closed, .published: continue
                }
            }
            meter.add(.messages(ingress))
            meter.add(.messageBytes, UInt64(draft.ciphertext.readableBytes))
            meter.add(.messageClients(kind))
            return .accepted(message)
        }
    }

    private func fuseBlown() -> Posting {
        meter.add(.overCapacity(.memoryFuse))
        return .memoryFuse
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
