import NIOCore
import NIOHTTP1

/// Receives a room over server-sent events.
struct EventStreamReader: Subscription {
    let address: RelayAddress
    let room: DemoRoom
    let name: String

    func listen(after seq: Int, receive: @escaping @Sendable (Envelope) throws -> Void) async throws {
        let channel = try await address.connect { channel in
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                wrappingChannelSynchronously: channel)
        }
        let request = RelayRequest(
            route: room.route("events?after=\(seq)&name=\(name)"), visitor: ReadingTransport.events.visitor)
        do {
            try await channel.executeThenClose { inbound, outbound in
                var head = request.head(for: address)
                head.headers.replaceOrAdd(name: "Accept", value: "text/event-stream")
                // The head must come soon; afterwards a quiet room is no fault, and the subscriber
                // leaves after a while anyway.
                let opening = channel.channel.eventLoop.scheduleTask(in: .seconds(10)) {
                    channel.channel.close(promise: nil)
                }
                defer { opening.cancel() }
                try await outbound.write(.head(head))
                try await outbound.write(.end(nil))
                var parser = EventStreamParser()
                for try await part in inbound {
                    switch part {
                    case .head(let head):
                        opening.cancel()
                        guard head.status == .ok else { throw head.refusal }
                    case .body(let bytes):
                        for event in try parser.append(bytes) { try receive(Envelope(json: event)) }
                    case .end:
                        return
                    }
                }
            }
        } catch let error where !(error is RelayError || error is CancellationError) {
            throw RelayError.lost("\(error)")
        }
    }
}
