import NIOCore
import Web

/// `GET /api/rooms/:id/wait`: long-poll for the next message.
struct WaitRoute {
    let rooms: Rooms
    private static let pageMessages = 500

    func respond(to request: FrontRequest, on connection: FrontHandler) {
        guard let id = RoomID(request.parameter) else { return connection.respond(Refused.badRoom) }
        let seconds = request.timeout
        // Polling a random id opens no room.
        guard let room = rooms.registry.find(id) else { return connection.respond(Self.missing) }
        let wait = RoomWait(
            request: request, after: request.after, isImmediate: seconds == 0, room: room, relay: rooms,
            connection: connection)
        switch room.wait(wait, limit: Self.pageMessages) {
        case .page(let page):
            rooms.meter.add(.deliveries(.poll), UInt64(page.messages.count))
            var json = JSONWriter(capacity: page.bytes)
            json.object { page.write(to: &$0) }
            connection.respond(.json(json.buffer))
        case .parked:
            rooms.meter.add(.connects(.poll))
            connection.park(wait, timeout: .seconds(seconds))
        case .full:
            connection.respond(Refused.waiters(.waitersPerRoom, rooms.meter, request.client))
        case .clientFull:
            connection.respond(Refused.waiters(.waitersPerClient, rooms.meter, request.client))
        case .closed: connection.respond(Self.missing)
        }
    }

    /// What a reader of a room that doesn't exist is told.
    static let missing = FrontResponse.json(
        JSONWriter.object {
            $0.key("messages")
            $0.array { _ in }
            $0.field("last_seq", 0)
            $0.field("exists", false)
        })
}
