import NIOCore
import SignalboxMetrics
import Web

/// One subscriber of a room on a stream: an event stream or a WebSocket. Lives on its connection's loop.
///
/// It first reads the recent buffer as fast as its socket drains, says `ready`, catches up with what came in
/// meanwhile, and then is live. Only live bytes count against the slow-reader bound, or a late joiner of a
/// full room could never get in.
final class RoomSubscriber: ConnectionStream {
    enum Wire {
        case events(chunked: Bool)
        case socket(SocketPost)
    }

    /// What a client said of itself when it joined.
    struct Introduction {
        var after: UInt64 = 0
        var name: String?
        var boxPublicKey: String?
    }

    private enum Phase {
        case replaying(through: UInt64)
        case catchingUp
        case live
        case gone
    }

    let id: UInt64
    private let room: Room
    private let relay: Rooms
    let connection: FrontHandler
    private let client: IPAddress
    private let wire: Wire
    private let introduction: Introduction
    private var phase = Phase.catchingUp
    private var cursor: UInt64 = 0
    private var ready = ByteBuffer()
    private var hasRead = false
    private var floor: UInt64 = 0
    private var quietTicks = 0
    private var takenAtTick = 0
    private var heardSincePing = true
    /// When the next hello is taken: five at once, then one a second. Each is announced to the whole room.
    private var helloAt = NIODeadline.now() - .seconds(5)
    /// Its place among the loop's members.
    var memberIndex = -1
    private(set) var live: LoopSubscribers?

    init(
        room: Room, relay: Rooms, connection: FrontHandler, client: IPAddress, wire: Wire,
        introduction: Introduction
    ) {
        id = relay.registry.nextSubscriber()
        self.room = room
        self.relay = relay
        self.connection = connection
        self.client = client
        self.wire = wire
        self.introduction = introduction
    }

    var isSocket: Bool {
        if case .socket = wire { return true }
        return false
    }

    /// The form in which it gets what is sent to all.
    var form: Broadcast.Wire {
        switch wire {
        case .events(let chunked): chunked ? .chunkedEvent : .bareEvent
        case .socket: .socket
        }
    }

    var transport: Transport { isSocket ? .ws : .sse }
    var eventLoop: any EventLoop { connection.eventLoop }

    // MARK: Joining

    /// Takes a place in the room; false when the room has closed in between.
    func join() -> Bool {
        guard
            let joining = room.join(
                self, after: introduction.after, name: introduction.name,
                boxPublicKey: introduction.boxPublicKey)
        else { return false }
        cursor = joining.cursor
        floor = joining.floor
        ready = JSONWriter.object {
            $0.field("type", "ready")
            $0.field("roomId", room.id.text)
            $0.field("size", joining.size)
            $0.field("last_seq", joining.lastSeq)
            $0.key("participants")
            $0.raw(joining.participants)
        }
        phase = .replaying(through: joining.lastSeq)
        relay.subscriberJoined(transport)
        return true
    }

    func started() {
        if case .events(let chunked) = wire {
            // A comment at once opens the way through proxies; the spread keeps a restart from bringing
            // everybody back in the same instant.
            connection.write(
                EventFraming.text(
                    ": signalbox\nretry: \(Int.random(in: 1_000...4_000))\n\n", chunked: chunked))
        }
        setTick()
        pump()
        connection.flush()
    }

    /// Writes as much of what is missing as the socket takes.
    private func pump() {
        while connection.isWritable {
            switch phase {
            case .live, .gone: return
            case .replaying(let end):
                switch room.next(for: self, after: cursor, through: end, isFirst: !hasRead) {
                case .messages(let messages): write(messages)
                case .reachedEnd:
                    write(event: ready)
                    ready = ByteBuffer()
                    // A reader that asked after a number nobody has reached still gets what comes.
                    cursor = floor
                    phase = .catchingUp
                case .missed: return drop()
                case .live: return
                }
            case .catchingUp:
                switch room.next(for: self, after: cursor, through: nil, isFirst: !hasRead) {
                case .messages(let messages): write(messages)
                case .live(let loop):
                    live = loop
                    phase = .live
                    return
                case .missed: return drop()
                case .reachedEnd: return
                }
            }
        }
    }

    private func write(_ messages: [Message]) {
        hasRead = true
        // Before its bytes leave: what a client has read was counted, whenever the process dies.
        relay.meter.add(.deliveries(transport), UInt64(messages.count))
        for message in messages {
            cursor = message.seq
            switch wire {
            case .events(let chunked): connection.write(chunked ? message.chunkedEvent : message.bareEvent)
            case .socket: connection.write(WebSocketFraming.text(message.json))
            }
        }
        connection.flush()
    }

    private func write(event json: ByteBuffer) {
        switch wire {
        case .events(let chunked): connection.write(EventFraming.data(json, chunked: chunked))
        case .socket: connection.write(WebSocketFraming.text(json))
        }
    }

    // MARK: Live

    /// Writes what it hasn't read yet, behind what waits for its socket. A reader that owes more than the bound is
    /// dropped.
    func deliver(_ batch: ArraySlice<Broadcast>, counting delivered: inout DeliveryCount) {
        guard case .live = phase else { return }
        if !connection.isWritable, connection.queuedBytes > relay.limits.streamBufferBytes {
            relay.meter.add(.deliveriesDropped(transport), UInt64(batch.count { $0.seq > cursor }))
            return drop()
        }
        var messages: UInt64 = 0
        for broadcast in batch {
            if broadcast.seq > 0 {
                // Already read while catching up.
                guard broadcast.seq > cursor else { continue }
                messages += 1
            }
            connection.write(broadcast[form])
        }
        relay.meter.add(.deliveries(transport), messages)
        connection.flush()
        delivered.add(messages, by: form)
    }

    func becameWritable() {
        quietTicks = 0
        pump()
        connection.flush()
    }

    private func drop() { connection.abortStream(.slow) }

    // MARK: Signs of life

    private func setTick() { connection.setDeadline(in: isSocket ? .seconds(30) : .seconds(15)) }

    func deadlineReached() {
        // A socket that hasn't taken a byte for a minute belongs to nobody who reads.
        let taken = connection.takenBytes
        quietTicks = connection.isWritable || taken != takenAtTick ? 0 : quietTicks + 1
        takenAtTick = taken
        if quietTicks >= (isSocket ? 2 : 4) { return drop() }
        switch wire {
        case .events(let chunked):
            if connection.isWritable { connection.send(EventFraming.keepalive(chunked: chunked)) }
        case .socket:
            guard heardSincePing else { return connection.abortStream(.timeout) }
            heardSincePing = false
            connection.send(WebSocketFraming.ping)
        }
        setTick()
    }

    func received(_ payload: ByteBuffer) {
        heardSincePing = true
        guard case .socket(let post) = wire, payload.readableBytes > 0 else { return }
        room.heard(from: self)
        post.received(payload, from: self, in: room, client: client)
    }

    /// Whether a hello may be taken now; more than its rate are ignored.
    func takeHello() -> Bool {
        let now = NIODeadline.now()
        guard helloAt <= now else { return false }
        helloAt = max(helloAt, now - .seconds(5)) + .seconds(1)
        return true
    }

    /// Sends one event to this subscriber alone, behind what is on its way to the room; one that doesn't read
    /// gets none.
    func reply(_ json: ByteBuffer) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute { bound.value.write(reply: json) }
    }

    private func write(reply json: ByteBuffer) {
        if case .gone = phase { return }
        guard connection.isWritable else { return }
        write(event: json)
        connection.flush()
    }

    func shutDown() {
        switch wire {
        case .events(let chunked):
            connection.write(EventFraming.text(": the server is shutting down\n\n", chunked: chunked))
            connection.write(EventFraming.end(chunked: chunked))
        // 1001: going away, RFC 6455 §7.4.1.
        case .socket: connection.write(WebSocketFraming.close(1001))
        }
        connection.closeStream(.shutdown)
    }

    func closed(_ reason: DisconnectReason) {
        if case .gone = phase { return }
        phase = .gone
        room.leave(self)
        live = nil
        relay.subscriberLeft(transport, reason, client)
    }
}
