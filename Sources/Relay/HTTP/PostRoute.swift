import Web

/// `POST /api/rooms/:id/messages`.
struct PostRoute {
    let rooms: Rooms

    func respond(to request: FrontRequest) -> FrontResponse {
        let body: JSONValue
        do {
            body = try request.jsonBody()
        } catch {
            return .refusal(
                .badRequest, ErrorBody("malformed JSON", reason: "malformed_json", detail: "\(error)"))
        }
        guard let id = RoomID(request.parameter) else { return Refused.badRoom }
        let draft: MessageDraft
        do {
            draft = try MessageDraft(body, limits: rooms.limits)
        } catch {
            let reason = (error as? MessageFault)?.rawValue ?? "bad_message"
            return .refusal(.badRequest, ErrorBody("bad message", reason: reason))
        }
        let posting = rooms.post(
            draft, to: id, client: request.client, via: .http, kind: request.clientKind, otherwise: "agent")
        switch posting {
        case .accepted(let message):
            return .json(
                JSONWriter.object {
                    $0.field("ok", true)
                    $0.field("id", message.id)
                    $0.field("seq", message.seq)
                })
        case .limited(let reason): return Refused.limited("rate limited", reason, retryAfter: 1)
        case .unsignedLock:
            return .refusal(
                .badRequest, ErrorBody("signed_only requires sender_sig", reason: "signature_missing"))
        case .signedOnly:
            return .refusal(
                .forbidden,
                ErrorBody(
                    "signed_only: this room requires sender_sig from a registered @handle",
                    reason: "signed_only"))
        case .replayCache(let seconds): return Refused.replayCache(retryAfter: seconds)
        case .badSignature:
            return .refusal(.unauthorized, ErrorBody("bad sender_sig", reason: "bad_signature"))
        case .roomCap: return Refused.roomCap
        case .memoryFuse:
            return .refusal(
                .serviceUnavailable,
                ErrorBody("global room buffer full — try again shortly", reason: "memory_fuse"),
                retryAfter: 60)
        }
    }
}
