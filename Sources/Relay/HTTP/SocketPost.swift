import NIOCore
import SignalboxMetrics
import Web

/// What comes in on a WebSocket: hello, signs of life, and messages in the form of a posted body.
struct SocketPost {
    let rooms: Rooms

    /// Anything that is none of these is ignored, as in the original.
    func received(_ payload: ByteBuffer, from subscriber: RoomSubscriber, in room: Room, client: IPAddress) {
        if let draft = MessageDraft(plain: payload, limits: rooms.limits) {
            return post(draft, subscriber, room, client)
        }
        guard let value = try? JSONParser.parse(payload) else { return }
        switch value["type"]?.string {
        case "listening": return
        case "hello": hello(value, subscriber, room)
        default:
            guard let draft = try? MessageDraft(value, limits: rooms.limits) else { return }
            post(draft, subscriber, room, client)
        }
    }

    private func hello(_ value: JSONValue, _ subscriber: RoomSubscriber, _ room: Room) {
        guard let name = value["name"]?.string.flatMap(Roster.name), subscriber.takeHello() else { return }
        // A missing key has no opinion, null clears, junk is ignored so that a rename can't clear a key.
        let key: String?? =
            switch value["box_pub"] {
            case .null: .some(nil)
            case .string(let text) where Base64.isBoxPublicKey(text): .some(text)
            default: nil
            }
        room.hello(subscriber, name: name, key: key)
    }

    private func post(
        _ draft: MessageDraft, _ subscriber: RoomSubscriber, _ room: Room, _ client: IPAddress
    ) {
        let posting = rooms.post(
            draft, to: room.id, client: client, via: .ws, kind: .browser, otherwise: "user")
        switch posting {
        case .accepted: break
        case .limited(let reason): subscriber.reply(Self.error("rate limited", code: 429, reason))
        case .unsignedLock: subscriber.reply(Self.error("signed_only requires sender_sig", code: 400))
        case .signedOnly: subscriber.reply(Self.error("signed_only", code: 403))
        case .replayCache:
            subscriber.reply(Self.error(Refused.replayCacheWords, code: 429, .replayCache))
        case .badSignature: subscriber.reply(Self.error("bad sender_sig", code: 401))
        case .roomCap: subscriber.reply(Self.error("room cap reached", code: 503))
        case .memoryFuse: subscriber.reply(Self.error("global room buffer full", code: 503))
        }
    }

    static func error(_ text: String, code: Int, _ reason: LimitReason? = nil) -> ByteBuffer {
        JSONWriter.object {
            $0.field("type", "error")
            $0.field("code", code)
            $0.field("error", text)
            if let reason { $0.field("reason", reason.text) }
        }
    }
}
