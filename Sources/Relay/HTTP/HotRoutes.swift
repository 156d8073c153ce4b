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
        case .health: connection.respond(health())
        case .roomMessages: connection.respond(PostRoute(rooms: rooms).respond(to: request))
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

    private func health() -> FrontResponse {
        .json(
            JSONWriter.object {
                $0.field("ok", true)
                $0.field("rooms", rooms.registry.count)
                $0.field("ts", rooms.registry.clock.now())
            })
    }
}
