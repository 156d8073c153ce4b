import NIOCore
import SignalboxMetrics
import Web

/// A claim that waits for a message from somebody else.
final class ClaimWait: ParkedRequest, @unchecked Sendable {
    // Safe to share: what other threads read (`id`, `eventLoop`) never changes; the rest is touched on the
    // connection's loop, `hasPlace` and `acquire` too, for a claim is parked from there; `scannedThrough` under
    // the room's lock.
    let id: UInt64
    let eventLoop: any EventLoop
    /// Whether it holds one of the client's places for parked waits.
    private(set) var hasPlace = false
    /// The last message it was parked behind: up to there all were its own.
    var scannedThrough: UInt64 = 0
    private let claim: ClaimRoute.Claim
    private let rooms: Rooms
    private let connection: FrontHandler
    private let client: IPAddress
    private var isDone = false
    /// Its time is over: what comes next is the answer, whatever it is.
    private var isOver = false

    init(claim: ClaimRoute.Claim, client: IPAddress, rooms: Rooms, connection: FrontHandler) {
        id = rooms.registry.nextSubscriber()
        eventLoop = connection.eventLoop
        self.claim = claim
        self.rooms = rooms
        self.connection = connection
        self.client = client
    }

    /// Takes one of the client's places for parked waits.
    func acquire() -> Bool {
        hasPlace = rooms.waiterCap.acquire(client)
        return hasPlace
    }

    /// A message has come. If it is the claimer's own, the wait goes on.
    func woken() {
        guard !isDone else { return }
        switch claim.pick(orPark: isOver ? nil : self) {
        case .parked: break
        case let pick: finish(claim.answer(to: pick))
        }
    }

    func timedOut() { answerEmpty() }
    func shutDown() { answerEmpty() }

    private func answerEmpty() {
        guard !isDone else { return }
        guard let lastSeq = claim.room.unpark(self) else {
            // A message is waking it this moment; if that is its own, there must be no other wait.
            isOver = true
            return
        }
        finish(claim.answer(to: .empty(cursor: claim.cursor.position, lastSeq: lastSeq)))
    }

    func cancelled() {
        guard !isDone else { return }
        _ = claim.room.unpark(self)
        release()
    }

    private func finish(_ response: FrontResponse) {
        release()
        connection.respond(response)
    }

    private func release() {
        isDone = true
        if hasPlace { rooms.waiterCap.release(client) }
        hasPlace = false
    }
}
