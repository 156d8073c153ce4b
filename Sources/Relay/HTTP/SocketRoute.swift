import NIOCore
import SignalboxMetrics
import Web

/// `GET /api/rooms/:id/ws`: the room over a WebSocket, both ways.
struct SocketRoute {
    let rooms: Rooms

    func respond(to request: FrontRequest, on connection: FrontHandler) {
        guard let id = RoomID(request.parameter) else { return connection.respond(Refused.badRoom) }
        guard request.asksForWebSocket else {
            return connection.respond(
                .refusal(
                    .upgradeRequired, ErrorBody("upgrade required", reason: "not_a_websocket"),
                    headers: [("Upgrade", "websocket")]))
        }
        let rooms = rooms
        let client = request.client
        let after = request.after
        connection.startWebSocket(request, maxFrameBytes: rooms.limits.socketMessageBytes) { connection in
            Self.join(id, rooms, client, after, connection)
        }
    }

    /// Makes the subscriber; what stands against it is said in a frame, as the original does.
    private static func join(
        _ id: RoomID, _ rooms: Rooms, _ client: IPAddress, _ after: UInt64, _ connection: FrontHandler
    ) -> (any ConnectionStream)? {
        guard rooms.streamCap.acquire(client) else {
            rooms.meter.limited(.streamsPerClient, by: client.limitKey.hashValue)
            refuse(
                connection,
                SocketPost.error("too many concurrent streams from this IP", code: 429, .streamsPerClient))
            return nil
        }
        while let room = rooms.registry.findOrOpen(id) {
            let subscriber = RoomSubscriber(
                room: room, relay: rooms, connection: connection, client: client,
                wire: .socket(SocketPost(rooms: rooms)), introduction: .init(after: after))
            if subscriber.join() { return subscriber }
        }
        rooms.streamCap.release(client)
        rooms.meter.add(.overCapacity(.roomCap))
        refuse(
            connection,
            JSONWriter.object {
                $0.field("type", "error")
                $0.field("error", "room cap reached")
            })
        return nil
    }

    private static func refuse(_ connection: FrontHandler, _ error: ByteBuffer) {
        connection.write(WebSocketFraming.text(error))
        // 1013: try again later, https://www.iana.org/assignments/websocket
        connection.write(WebSocketFraming.close(1013))
    }
}
