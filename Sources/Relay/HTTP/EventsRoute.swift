import NIOCore
import Web

/// `GET /api/rooms/:id/events`: the room as server-sent events.
struct EventsRoute {
    let rooms: Rooms

    func respond(to request: FrontRequest, on connection: FrontHandler) {
        guard let id = RoomID(request.parameter) else { return connection.respond(Refused.badRoom) }
        guard request.method == .get else {
            // HEAD learns what GET would be and must not open a room.
            return connection.respond(
                FrontResponse(headers: [
                    ("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache, no-transform"),
                ]))
        }
        guard rooms.streamCap.acquire(request.client) else {
            rooms.meter.limited(.streamsPerClient, by: request.client.limitKey.hashValue)
            return connection.respond(
                Refused.limited(
                    "too many concurrent streams from this IP", .streamsPerClient, retryAfter: 5))
        }
        var introduction = RoomSubscriber.Introduction()
        introduction.after = request.after
        introduction.name = request.query["name"].flatMap(Roster.name)
        introduction.boxPublicKey = request.query["box_pub"].flatMap { Base64.isBoxPublicKey($0) ? $0 : nil }
        let chunked = request.isChunkable
        while let room = rooms.registry.findOrOpen(id) {
            let subscriber = RoomSubscriber(
                room: room, relay: rooms, connection: connection, client: request.client,
                wire: .events(chunked: chunked), introduction: introduction)
            // The room may end between look-up and join; then it is opened again.
            guard subscriber.join() else { continue }
            return connection.startEventStream(subscriber, chunked: chunked)
        }
        rooms.streamCap.release(request.client)
        rooms.meter.add(.overCapacity(.roomCap))
        // The original has answered 200 by now and says it as an event; clients know it that way.
        let error = JSONWriter.object {
            $0.field("type", "error")
            $0.field("error", "room cap reached")
        }
        connection.respond(
            FrontResponse(
                headers: [
                    ("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache, no-transform"),
                    ("X-Accel-Buffering", "no"),
                ], body: EventFraming.data(error, chunked: false)))
    }
}
