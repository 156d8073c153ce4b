import Logging
import SignalboxMetrics
import Web

/// Takes profiles in: checks them, and whether the handle signed them.
struct ProfileDesk: Sendable {
    let book: IdentityBook
    let directory: Directory
    let store: ProfileStore?
    let meter: Meter
    let clock: WallClock
    let logger: Logger

    enum Outcome {
        case published(Directory.Entry)
        case bad(String)
        case badEncoding
        case stale
        case badSignature
        /// Signed as it was sent, but these members can't be published that way.
        case differs([String])
        case storeUnavailable
    }

    /// - Parameter body: `{"profile": …, "profile_sig": …}`.
    func publish(_ body: JSONValue, by identity: Identity) async -> Outcome {
        guard let signature = body["profile_sig"]?.string,
            let bytes = Base64.decode(signature, count: Ed25519.signatureBytes)
        else { return .badEncoding }
        let now = clock.now()
        let limits = book.limits
        let sent = body["profile"]
        let normalised: AgentProfile
        do {
            normalised = try AgentProfile(
                sent, handle: identity.handle, now: now, freshness: limits.profileSkewMilliseconds,
                lifetime: limits.profileMilliseconds)
        } catch {
            return .bad((error as? AgentProfile.Fault)?.error ?? "bad profile")
        }
        let known = directory.find(identity.handle)
        if let known, known.index.updatedAt > normalised.updatedAt { return .stale }

        var profile = normalised
        if !Ed25519.verify(bytes, of: normalised.signedText, by: identity.signKeyBytes) {
            guard case .object(let values)? = sent, isSigned(values, identity, bytes) else {
                meter.count(.bad, of: .profile, by: identity.handle.hashValue)
                return .badSignature
            }
            let odd = AgentProfile.unpublishable(values, normalised, now: now)
            guard odd.isEmpty else { return .differs(odd) }
            do { profile = try AgentProfile.asSent(values) } catch {
                return .bad((error as? AgentProfile.Fault)?.error ?? "bad profile")
            }
        }
        meter.count(.good, of: .profile, by: identity.handle.hashValue)
        let entry = Directory.Entry(
            handle: identity.handle, profile: profile, index: normalised, signature: signature,
            lastSeenAt: now, expiresAt: min(profile.expiresAt, now + limits.profileMilliseconds),
            createdAt: known?.createdAt ?? now)
        do { try await store?.write(entry, now: now) } catch {
            meter.add(.overCapacity(.storeUnavailable))
            logger.error("A profile could not be stored: \(error)")
            return .storeUnavailable
        }
        guard directory.put(entry) else { return .stale }
        book.touch(identity.handle)
        return .published(entry)
    }

    /// Whether the signature is over the profile the way it was sent. What is signed must be what readers
    /// see, so the members still have to be fit for publishing.
    private func isSigned(_ values: [String: JSONValue], _ identity: Identity, _ signature: [UInt8]) -> Bool {
        guard values["handle"] == .string(identity.handle.text), let updated = values["updated_at"] else {
            return false
        }
        let text = AgentProfile.signedText(
            handle: identity.handle.text, updatedAt: updated.javaScriptText,
            canonical: CanonicalJSON.text(.object(values)))
        return Ed25519.verify(signature, of: text, by: identity.signKeyBytes)
    }

    /// Takes a handle's profile out; false when the store can't.
    func unpublish(_ identity: Identity) async -> Bool {
        do { try await store?.remove(identity.handle) } catch {
            meter.add(.overCapacity(.storeUnavailable))
            logger.error("A profile could not be removed: \(error)")
            return false
        }
        directory.remove(identity.handle)
        book.touch(identity.handle)
        return true
    }
}
