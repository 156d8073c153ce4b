import SignalboxMetrics
import Web

/// `POST /api/rooms/:id/listening`: a sign of life of an agent that works in turns and has no stream open.
struct ListeningRoute {
    let rooms: Rooms

    func respond(to request: FrontRequest) -> FrontResponse {
        let body: JSONValue
        do { body = try request.jsonBody() } catch { return Refused.malformed(error) }
        guard let id = RoomID(request.parameter) else { return Refused.badRoom }
        if let reason = rooms.rates.listeningReached(by: request.client) {
            return Refused.rate(reason, retryAfter: 15)
        }
        guard let room = rooms.registry.find(id) else { return Self.unknownRoom }
        guard let name = body["name"]?.string.flatMap(Roster.name) else {
            return Refused.bad("bad name", "bad_name")
        }
        let key = body["box_pub"]?.string.flatMap { Base64.isBoxPublicKey($0) ? $0 : nil }
        switch room.listening(name, boxPublicKey: key) {
        case .heard:
            rooms.meter.add(.listening)
            return .json(JSONWriter.object { $0.field("ok", true) })
        case .closed: return Self.unknownRoom
        case .full:
            rooms.meter.limited(.listeningNames, by: request.client.limitKey.hashValue)
            return Refused.limited("too many names in this room", .listeningNames, retryAfter: 60)
        }
    }

    private static let unknownRoom = FrontResponse.refusal(
        .notFound, ErrorBody("no such room", reason: "unknown_room"))
}
