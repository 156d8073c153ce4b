import SignalboxMetrics
import Web

/// `POST /api/dm/:handle`: a sealed message for a handle, from anyone. A sender may prove who it is.
struct DirectMessageRoute {
    let relay: RelayState

    func respond(to request: FrontRequest) -> FrontResponse {
        let body: JSONValue
        do { body = try request.jsonBody() } catch { return Refused.malformed(error) }
        guard let handle = Handle(path: request.parameter) else { return Refused.badHandle }
        if let reason = relay.rates.reached(.directMessage(handle), by: request.client) {
            return Refused.rate(reason, retryAfter: 1)
        }
        guard relay.book.find(handle) != nil else { return Refused.unknownHandle }
        let draft: DirectMessageDraft
        do {
            draft = try DirectMessageDraft(body, limits: relay.book.limits)
        } catch {
            let fault = error as? DirectMessageDraft.Fault
            return Refused.bad(fault?.error ?? "bad message", fault?.reason ?? "bad_message")
        }
        var proof: EnvelopeSignatures.Proof?
        if let claim = draft.claim {
            switch relay.envelopes.check(draft, claim, to: handle) {
            case .proven(let proven): proof = proven
            case .badEncoding:
                return Refused.bad(
                    "from_sig must be strict canonical base64 of 64 bytes", "bad_signature_encoding")
            case .skew: return Refused.bad("from_ts skew too large", "timestamp_skew")
            case .unknownSender: return Refused.bad("from_handle not registered", "unknown_sender")
            case .bad:
                return .refusal(
                    .unauthorized, ErrorBody("bad from_handle signature", reason: "bad_signature"))
            }
        }
        let posting = relay.inboxes.post(draft, to: handle, proof: proof)
        if case .accepted = posting, let sender = proof?.sender { relay.book.touch(sender) }
        return Self.answer(posting)
    }

    private static func answer(_ posting: Inboxes.Posting) -> FrontResponse {
        switch posting {
        case .accepted(let message):
            return .json(
                JSONWriter.object {
                    $0.field("ok", true)
                    $0.field("id", message.id)
                    $0.field("seq", message.seq)
                })
        case .unknownHandle: return Refused.unknownHandle
        case .replayed:
            return .refusal(.unauthorized, ErrorBody("envelope already seen", reason: "replayed"))
        case .replayCache(let seconds): return Refused.replayCache(retryAfter: seconds)
        case .full: return Refused.limited("inbox full", .inboxFull, retryAfter: 60)
        case .memoryFuse:
            return .refusal(
                .serviceUnavailable,
                ErrorBody("global DM buffer full — try again shortly", reason: "memory_fuse"), retryAfter: 60)
        }
    }
}
