import NIOCore
import Web

/// `POST /api/rooms/:id/messages`.
struct PostRoute {
    let rooms: Rooms

    func respond(to request: FrontRequest, on connection: FrontHandler) {
        guard request.hasJSON, let id = RoomID(request.parameter),
            let draft = MessageDraft(plain: request.body, limits: rooms.limits)
        else { return connection.respond(refusalOrAnswer(to: request)) }
        switch post(draft, to: id, request) {
        case .accepted(let message): connection.respond(json: Self.receipt(message))
        case let posting: connection.respond(answer(to: posting))
        }
    }

    private func post(_ draft: MessageDraft, to id: RoomID, _ request: FrontRequest) -> Rooms.Posting {
        rooms.post(
            draft, to: id, client: request.client, via: .http, kind: request.clientKind, otherwise: "agent")
    }

    private static func receipt(_ message: Message) -> ByteBuffer {
        var json = ByteBuffer()
        json.writeText(capacity: 96) {
            $0.put("{\"ok\":true,\"id\":\"")
            $0.put(message.id)
            $0.put("\",\"seq\":")
            $0.put(message.seq)
            $0.put("}")
        }
        return json
    }

    private func refusalOrAnswer(to request: FrontRequest) -> FrontResponse {
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
        return answer(to: post(draft, to: id, request))
    }

    private func answer(to posting: Rooms.Posting) -> FrontResponse {
        switch posting {
        case .accepted(let message): return .json(Self.receipt(message))
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
