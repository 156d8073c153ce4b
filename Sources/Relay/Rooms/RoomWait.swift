import NIOCore
import SignalboxMetrics
import Web

/// A long-poll that waits for the room's next message.
final class RoomWait: ParkedRequest, @unchecked Sendable {
    // Safe to share: what other threads read (`after`, `eventLoop`, `isImmediate`) never changes; `place` is touched
    // under the room's lock alone; the rest on the connection's loop, but for `acquire`, which the parking call
    // makes from there.
    let after: UInt64
    let eventLoop: any EventLoop
    /// `timeout=0`: don't wait.
    let isImmediate: Bool
    /// Where it stands among the room's parked waits; theirs to say.
    var place = 0
    private let room: Room
    private let relay: Rooms
    private let connection: FrontHandler
    private let client: IPAddress
    private let canShareBytes: Bool
    private var isDone = false

    init(
        request: FrontRequest, after: UInt64, isImmediate: Bool, room: Room, relay: Rooms,
        connection: FrontHandler
    ) {
        self.after = after
        self.isImmediate = isImmediate
        self.room = room
        self.relay = relay
        self.connection = connection
        eventLoop = connection.eventLoop
        client = request.client
        canShareBytes = request.isChunkable
    }

    /// Takes one of the client's places for parked waits.
    func acquire() -> Bool { relay.waiterCap.acquire(client) }

    /// Answers all of one loop's waits with the message. Those that can, share one laid-out response.
    static func wake(_ waits: [RoomWait], with message: Message) {
        guard let meter = waits.first?.relay.meter else { return }
        let body = JSONWriter.object(capacity: message.json.readableBytes + 64) {
            $0.key("messages")
            $0.array { $0.raw(message.json) }
            $0.field("last_seq", message.seq)
        }
        let response = FrontResponse.json(body)
        var shared: ByteBuffer?
        for wait in waits where !wait.isDone {
            wait.finish(.wake)
            meter.add(.deliveries(.poll))
            if wait.canShareBytes, wait.connection.keepsAlive {
                let bytes = shared ?? response.keptAliveBytes(date: wait.connection.date)
                shared = bytes
                wait.connection.respond(prebuilt: bytes, status: .success)
            } else {
                wait.connection.respond(response)
            }
        }
        let lag = NIODeadline.now().uptimeNanoseconds &- message.acceptedUptime
        meter.observe(.deliveryLag(.poll), nanoseconds: lag, count: UInt64(waits.count))
    }

    func timedOut() { answerEmpty(.timeout) }
    func shutDown() { answerEmpty(.shutdown) }

    private func answerEmpty(_ end: WaitEnd) {
        guard !isDone, let lastSeq = room.unpark(self) else { return }
        finish(end)
        connection.respond(
            .json(
                JSONWriter.object {
                    $0.key("messages")
                    $0.array { _ in }
                    $0.field("last_seq", lastSeq)
                }))
    }

    func cancelled() {
        guard !isDone else { return }
        _ = room.unpark(self)
        finish(.cancel)
    }

    private func finish(_ end: WaitEnd) {
        isDone = true
        relay.waiterCap.release(client)
        relay.meter.add(.waitsEnded(end))
    }
}
