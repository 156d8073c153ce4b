import NIOCore
import SignalboxMetrics
import Web

/// A handle's inbox, for its owner: `GET …/inbox/wait` and `DELETE …/inbox/:id`, signed.
struct InboxRoute {
    let relay: RelayState

    private func owner(_ request: FrontRequest) -> Result<Handle, Refusal> {
        guard let handle = Handle(path: request.parameter) else { return .failure(.init(Refused.badHandle)) }
        guard let identity = relay.book.find(handle) else { return .failure(.init(Refused.unknownHandle)) }
        if let reason = relay.rates.reached(.signed(handle), by: request.client) {
            return .failure(.init(Refused.rate(reason, retryAfter: 5)))
        }
        if let refusal = Refused.signature(relay.requests.check(request, of: identity)) {
            return .failure(.init(refusal))
        }
        return .success(handle)
    }

    private struct Refusal: Error {
        let response: FrontResponse
        init(_ response: FrontResponse) { self.response = response }
    }

    /// Answers with what waits, or parks until something comes.
    func wait(_ request: FrontRequest, on connection: FrontHandler) {
        switch owner(request) {
        case .failure(let refusal): connection.respond(refusal.response)
        case .success(let handle):
            let wait = InboxWait(handle: handle, request: request, relay: relay, connection: connection)
            let seconds = request.timeout
            switch relay.inboxes.wait(wait, isImmediate: seconds == 0) {
            case .page(let messages, let more):
                let lastSeq = messages.last?.seq ?? wait.after
                connection.respond(.json(Self.page(messages, lastSeq: lastSeq, hasMore: more)))
            case .parked:
                relay.meter.add(.inboxWaits)
                connection.park(wait, timeout: .seconds(seconds))
            case .full:
                connection.respond(Refused.waiters(.waitersPerHandle, relay.meter, request.client))
            case .clientFull:
                connection.respond(Refused.waiters(.waitersPerClient, relay.meter, request.client))
            }
        }
    }

    /// Drops a message that its owner has dealt with.
    func remove(_ request: FrontRequest) -> FrontResponse {
        switch owner(request) {
        case .failure(let refusal): return refusal.response
        case .success(let handle):
            let removed = relay.inboxes.remove(request.secondParameter, from: handle)
            return .json(
                JSONWriter.object {
                    $0.field("ok", true)
                    $0.field("removed", removed ? 1 : 0)
                })
        }
    }

    /// - Parameter hasMore: nil leaves it out, as the original does in answers that were parked.
    static func page(_ messages: [DirectMessage], lastSeq: UInt64, hasMore: Bool?) -> ByteBuffer {
        let bytes = messages.reduce(64) { $0 + $1.json.readableBytes + 1 }
        return JSONWriter.object(capacity: bytes) {
            $0.key("messages")
            $0.array { list in messages.forEach { list.raw($0.json) } }
            $0.field("last_seq", lastSeq)
            if let hasMore { $0.field("has_more", hasMore) }
        }
    }
}
