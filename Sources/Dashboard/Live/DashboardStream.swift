import NIOCore
import SignalboxMetrics
import Web

/// One open `/api/metrics/stream`. Lives on its connection's loop.
final class DashboardStream: ConnectionStream {
    private let connection: FrontHandler
    private let hub: StreamHub
    private let session: Sessions.Ticket?
    private let first: StreamEvents
    private let chunked: Bool
    private var isGone = false
    private var missed = 0

    /// Events that a reader may miss before it counts as gone, a minute's.
    private static let missedMax = 15

    /// - Parameter first: sent at once.
    init(
        _ connection: FrontHandler, hub: StreamHub, session: Sessions.Ticket?, first: StreamEvents,
        chunked: Bool
    ) {
        self.connection = connection
        self.hub = hub
        self.session = session
        self.first = first
        self.chunked = chunked
    }

    func started() {
        guard !isGone else { return }
        hub.add(
            self,
            StreamHub.Entry(
                stream: NIOLoopBound(self, eventLoop: connection.eventLoop),
                eventLoop: connection.eventLoop, session: session))
        // A comment at once opens the way through proxies; the spread keeps dashboards from coming back
        // in the same instant.
        connection.write(
            EventFraming.text(": signalbox\nretry: \(Int.random(in: 1_000...3_000))\n\n", chunked: chunked))
        connection.write(first.bytes(chunked: chunked))
        connection.flush()
    }

    func send(_ event: StreamEvents) {
        guard !isGone else { return }
        // What a reader misses it asks for with the next event: none is kept for it.
        guard connection.isWritable else {
            missed += 1
            if missed > Self.missedMax { connection.abortStream(.slow) }
            return
        }
        missed = 0
        connection.write(event.bytes(chunked: chunked))
        connection.flush()
    }

    /// The session is over.
    func end() {
        guard !isGone else { return }
        connection.write(EventFraming.text("event: end\ndata: {}\n\n", chunked: chunked))
        connection.write(EventFraming.end(chunked: chunked))
        connection.closeStream(.client)
    }

    func becameWritable() {}
    func received(_ payload: ByteBuffer) {}
    func deadlineReached() {}

    func shutDown() {
        connection.write(EventFraming.text(": the server is shutting down\n\n", chunked: chunked))
        connection.write(EventFraming.end(chunked: chunked))
        connection.closeStream(.shutdown)
    }

    func closed(_ reason: DisconnectReason) {
        guard !isGone else { return }
        isGone = true
        hub.remove(self)
        hub.givePlaceBack()
    }
}
