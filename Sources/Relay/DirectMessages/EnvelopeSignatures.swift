import SignalboxMetrics
import Web

/// Verified senders of direct messages: `dm <to> <from> <from_ts> <sha256 of the envelope>`, signed by `from`.
struct EnvelopeSignatures: Sendable {
    let book: IdentityBook
    let cache: ReplayCache
    let meter: Meter
    let clock: WallClock

    /// A proven sender, and the envelope that must not come twice. It is used up when an inbox takes it, so
    /// that a sender may try again after a refusal.
    struct Proof: Sendable {
        let sender: Handle
        fileprivate let envelope: String
        fileprivate let expiry: Int64
    }

    enum Result {
        case proven(Proof)
        case badEncoding
        case skew
        case unknownSender
        case bad
    }

    func check(_ draft: DirectMessageDraft, _ claim: DirectMessageDraft.Claim, to recipient: Handle) -> Result
    {
        guard let signature = Base64.decode(claim.signature, count: Ed25519.signatureBytes) else {
            return .badEncoding
        }
        let skew = Double(book.limits.skewMilliseconds)
        guard claim.time.isFinite, abs(Double(clock.now()) - claim.time) <= skew else { return .skew }
        guard let handle = Handle(claim.handle), let sender = book.find(handle) else { return .unknownSender }
        let hash = draft.hash
        let text = "dm \(recipient.text) \(handle.text) \(JavaScriptNumber.text(claim.time)) \(hash)"
        guard Ed25519.verify(signature, of: text, by: sender.signKeyBytes) else {
            meter.count(.bad, of: .directMessage, by: handle.hashValue)
            return .bad
        }
        // With the recipient: one sealed text may go to many.
        return .proven(
            Proof(
                sender: handle, envelope: "\(recipient.text)|\(hash)",
                expiry: Int64(claim.time.rounded(.up)) + book.limits.skewMilliseconds))
    }

    /// Uses the envelope up.
    func spend(_ proof: Proof) -> ReplayCache.Entry {
        let entry = cache.remember(
            proof.envelope, of: proof.sender, until: proof.expiry, now: clock.now())
        switch entry {
        case .fresh: meter.count(.good, of: .directMessage, by: proof.sender.hashValue)
        case .replayed: meter.count(.replayed, of: .directMessage, by: proof.sender.hashValue)
        case .full(let seconds):
            meter.count(.full(retryAfter: seconds), of: .directMessage, by: proof.sender.hashValue)
        }
        return entry
    }
}
