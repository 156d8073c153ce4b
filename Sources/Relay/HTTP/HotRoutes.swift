import NIOCore
import SignalboxMetrics
public import Web

/// The relay's hot and parking routes, answered on the event loop.
public struct HotRoutes: HotResponder {
    private let relay: RelayState
    private var rooms: Rooms { relay.rooms }

    public init(relay: RelayState) { self.relay = relay }

    public func respond(to request: FrontRequest, on connection: FrontHandler) -> Bool {
        switch request.route {
        case .health: connection.respond(json: health())
        case .roomMessages: PostRoute(rooms: rooms).respond(to: request, on: connection)
        case .roomEvents: EventsRoute(rooms: rooms).respond(to: request, on: connection)
        case .roomSocket: SocketRoute(rooms: rooms).respond(to: request, on: connection)
        case .roomWait: WaitRoute(rooms: rooms).respond(to: request, on: connection)
        case .roomListening: connection.respond(ListeningRoute(rooms: rooms).respond(to: request))
        case .roomClaim: ClaimRoute(relay: relay).claim(request, on: connection)
        case .roomAck: connection.respond(ClaimRoute(relay: relay).acknowledge(request))
        case .directMessage: connection.respond(DirectMessageRoute(relay: relay).respond(to: request))
        case .inboxWait: InboxRoute(relay: relay).wait(request, on: connection)
        case .inboxMessage: connection.respond(InboxRoute(relay: relay).remove(request))
        default: return false
        }
        return true
    }

    private func health() -> ByteBuffer {
        var json = ByteBuffer()
        json.writeText(capacity: 80) {
            $0.put("{\"ok\":true,\"rooms\":")
            $0.put(UInt64(max(0, rooms.registry.count)))
            $0.put(",\"ts\":")
            $0.put(UInt64(max(0, rooms.registry.clock.now())))
            $0.put("}")
        }
        return json
    }
}
