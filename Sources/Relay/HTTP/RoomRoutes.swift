import NIOCore
import Web

/// The room routes that may take their time: transcript and status.
struct RoomRoutes: Sendable {
    private let rooms: Rooms

    init(rooms: Rooms) { self.rooms = rooms }

    /// Adds the routes to the cold router.
    func add(to router: ColdRouter) {
        router.on(.roomTranscript) { transcript($0.front) }
        router.on(.roomStatus) { status($0.front) }
    }

    private func transcript(_ request: FrontRequest) -> FrontResponse {
        guard let id = RoomID(request.parameter) else { return Refused.badRoom }
        // 0 falls back to 100, as in the original.
        let asked = request.query.lenientInteger("limit") ?? 100
        let limit = Int(max(1, min(500, asked == 0 ? 100 : asked)))
        guard let room = rooms.registry.find(id) else { return WaitRoute.missing }
        let page = room.page(after: request.after, limit: limit)
        var json = JSONWriter(capacity: page.bytes)
        json.object {
            page.write(to: &$0)
            $0.field("count", page.messages.count)
            $0.field("exists", true)
        }
        return .json(json.buffer)
    }

    private func status(_ request: FrontRequest) -> FrontResponse {
        guard let id = RoomID(request.parameter) else { return Refused.badRoom }
        let status = rooms.registry.find(id)?.status()
        return .json(
            JSONWriter.object {
                $0.field("exists", status != nil)
                $0.field("roomId", id.text)
                guard let status else { return }
                $0.field("participants", status.participants)
                $0.field("recent_count", status.recentCount)
                $0.field("last_seq", status.lastSeq)
                $0.field("age_seconds", status.ageSeconds)
                $0.field("idle_seconds", status.idleSeconds)
                $0.field("signed_only", status.isSignedOnly)
            })
    }
}
