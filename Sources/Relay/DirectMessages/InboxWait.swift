import NIOCore
import SignalboxMetrics
import Web

/// A long-poll that waits for an inbox's next message.
final class InboxWait: ParkedRequest, @unchecked Sendable {
    // Safe to share: what other threads read (`id`, `handle`, `after`, `eventLoop`) never changes; the rest is
    // touched on the connection's loop, but for `acquire`, which the parking call makes from there.
    let id: UInt64
    let handle: Handle
    let after: UInt64
    let eventLoop: any EventLoop
    private let relay: RelayState
    private let connection: FrontHandler
    private let client: IPAddress
    private var isDone = false

    init(handle: Handle, request: FrontRequest, relay: RelayState, connection: FrontHandler) {
        id = relay.rooms.registry.nextSubscriber()
        self.handle = handle
        after = request.after
        self.relay = relay
        self.connection = connection
        eventLoop = connection.eventLoop
        client = request.client
    }

    /// Takes one of the client's places for parked waits.
    func acquire() -> Bool { relay.rooms.waiterCap.acquire(client) }

    /// Answers with the message that has come.
    func wake(_ message: DirectMessage) {
        guard !isDone else { return }
        finish([message], lastSeq: message.seq)
    }

    func timedOut() { answerEmpty() }
    func shutDown() { answerEmpty() }

    private func answerEmpty() {
        guard !isDone, relay.inboxes.unpark(self) else { return }
        finish([], lastSeq: after)
    }

    func cancelled() {
        guard !isDone else { return }
        _ = relay.inboxes.unpark(self)
        release()
    }

    private func finish(_ messages: [DirectMessage], lastSeq: UInt64) {
        release()
        connection.respond(.json(InboxRoute.page(messages, lastSeq: lastSeq, hasMore: nil)))
    }

    private func release() {
        isDone = true
        relay.rooms.waiterCap.release(client)
    }
}
