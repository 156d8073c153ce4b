import NIOCore
import SignalboxMetrics
public import Web

/// The relay's hot and parking routes, answered on the event loop.
public struct HotRoutes: HotResponder {
    private let rooms: Rooms

    public init(rooms: Rooms) { self.rooms = rooms }

    public func respond(to request: FrontRequest, on connection: FrontHandler) -> Bool {
        switch request.route {
        case .health: connection.respond(health())
        case .roomMessages: connection.respond(PostRoute(rooms: rooms).respond(to: request))
        case .roomEvents: EventsRoute(rooms: rooms).respond(to: request, on: connection)
        case .roomSocket: SocketRoute(rooms: rooms).respond(to: request, on: connection)
        case .roomWait: WaitRoute(rooms: rooms).respond(to: request, on: connection)
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

/// Refusals that several room routes share.
enum RoomRefusals {
    static let badRoom = FrontResponse.refusal(.badRequest, ErrorBody("bad roomId", reason: "bad_room_id"))

    static let roomCap = FrontResponse.refusal(
        .serviceUnavailable, ErrorBody("room cap reached", reason: "room_cap"), retryAfter: 60)

    static func limited(_ error: String, _ reason: LimitReason, retryAfter: Int) -> FrontResponse {
        .refusal(.tooManyRequests, ErrorBody(error, reason: reason.text), retryAfter: retryAfter)
    }
}

extension FrontRequest {
    /// `?after=`, never below 0; 0 when it is missing or no number.
    var after: UInt64 { UInt64(max(0, query.lenientInteger("after") ?? 0)) }
}
