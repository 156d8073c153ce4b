import Logging
import SignalboxMetrics
import Web

/// Registers handles: who holds the private key of `sign_pub` and signs for both keys gets the name.
struct Registrar: Sendable {
    let book: IdentityBook
    let store: IdentityStore?
    /// What was presented already; a proof is good for one registration.
    let proofs: ReplayCache
    let meter: Meter
    let clock: WallClock
    let logger: Logger
    /// Whether a profile protects the handle from making way.
    let isListed: @Sendable (Handle) -> Bool
    /// Drops everything else that belonged to a handle that made way.
    let forget: @Sendable (Handle) -> Void

    /// A registration as it was posted, its fields of the right types.
    struct Application {
        let handle: Handle
        let boxKey: String
        let signKey: String
        let signKeyBytes: [UInt8]
        let bio: String?
        let proof: String?
        /// Unix ms, as JavaScript has it: may be a fraction.
        let time: Double?

        /// What is signed: both keys, so that neither can be swapped on the way.
        var signedText: String {
            "register \(handle.text) \(JavaScriptNumber.text(time ?? 0)) \(boxKey) \(signKey)"
        }
    }

    enum Outcome {
        case registered(at: Int64)
        case taken
        case cap
        case proofMissing
        case badEncoding
        case skew
        case replayed
        case bad
        case full(retryAfter: Int)
        case storeUnavailable
    }

    func register(_ application: Application) async -> Outcome {
        let handle = application.handle
        switch book.vacancy(handle, isListed: isListed) {
        case .taken(let known): return await renew(known, application)
        case .beingTaken: return .taken
        case .full:
            meter.add(.overCapacity(.identityCap))
            return .cap
        case .free: break
        }
        guard let proof = application.proof, let time = application.time else { return .proofMissing }
        guard let signature = Base64.decode(proof, count: Ed25519.signatureBytes) else { return .badEncoding }
        guard isInTime(time) else { return .skew }
        if let failure = verify(signature, application, time) { return failure }

        let now = clock.now()
        guard
            let identity = Identity(
                handle: handle, boxKey: application.boxKey, signKey: application.signKey,
                bio: application.bio, registeredAt: now, provenAt: Int64(time))
        else { return .bad }
        let leaving: Handle?
        switch book.reserve(handle, isListed: isListed) {
        case .granted(let one): leaving = one
        case .taken: return .taken
        case .full:
            meter.add(.overCapacity(.identityCap))
            return .cap
        }
        guard await stored({ try await $0.write(identity, removing: leaving) }) else {
            book.settle(handle, nil, leaving: leaving)
            return .storeUnavailable
        }
        book.settle(handle, identity, leaving: leaving)
        if let leaving {
            forget(leaving)
            meter.add(.identitiesForgotten)
        }
        meter.add(.identitiesRegistered)
        return .registered(at: now)
    }

    /// The owner registers again: it proves that it holds the key, and its new `box_pub` takes the old one's
    /// place. Everybody else learns that the handle is taken and nothing more.
    private func renew(_ known: Identity, _ application: Application) async -> Outcome {
        guard known.signKey == application.signKey, let proof = application.proof,
            let time = application.time, isInTime(time),
            let signature = Base64.decode(proof, count: Ed25519.signatureBytes)
        else { return .taken }
        // The proofs seen are forgotten at a restart; the time of the last one isn't.
        guard application.boxKey == known.boxKey || Int64(time) > known.provenAt else { return .taken }
        switch verify(signature, application, time) {
        case nil: break
        case .full(let seconds)?: return .full(retryAfter: seconds)
        default: return .taken
        }
        var renewed = known
        let now = clock.now()
        renewed.boxKey = application.boxKey
        renewed.provenAt = max(known.provenAt, Int64(time))
        renewed.updatedAt = now
        renewed.lastSeenAt = now
        guard await stored({ [renewed] in try await $0.renew(renewed) }) else { return .storeUnavailable }
        book.update(renewed)
        meter.add(.identitiesUpdated)
        return .registered(at: known.registeredAt)
    }

    private func isInTime(_ time: Double) -> Bool {
        time.isFinite && abs(Double(clock.now()) - time) <= Double(book.limits.skewMilliseconds)
    }

    /// nil when the proof is good and was not used before.
    private func verify(_ signature: [UInt8], _ application: Application, _ time: Double) -> Outcome? {
        let now = clock.now()
        let used = Hex.text(signature)
        if proofs.has(used, of: application.handle, now: now) {
            meter.count(.replayed, of: .register, by: application.handle.hashValue)
            return .replayed
        }
        guard Ed25519.verify(signature, of: application.signedText, by: application.signKeyBytes) else {
            meter.count(.bad, of: .register, by: application.handle.hashValue)
            return .bad
        }
        let expiry = Int64(time.rounded(.up)) + book.limits.skewMilliseconds
        switch proofs.remember(used, of: application.handle, until: expiry, now: now) {
        case .fresh:
            meter.count(.good, of: .register, by: application.handle.hashValue)
            return nil
        case .replayed:
            meter.count(.replayed, of: .register, by: application.handle.hashValue)
            return .replayed
        case .full(let seconds):
            meter.count(.full(retryAfter: seconds), of: .register, by: application.handle.hashValue)
            return .full(retryAfter: seconds)
        }
    }

    /// Whether the store took it; without a store there is nothing to take.
    private func stored(_ write: (IdentityStore) async throws -> Void) async -> Bool {
        guard let store else { return true }
        do {
            try await write(store)
            return true
        } catch {
            meter.add(.overCapacity(.storeUnavailable))
            logger.error("A registration could not be stored: \(error)")
            return false
        }
    }
}
