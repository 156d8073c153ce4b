import NIOCore

/// Receives a room by asking /wait again and again over one connection.
struct LongPollReader: Subscription {
    let address: RelayAddress
    let room: DemoRoom
    /// Seconds the server may hold a question; short enough that quiet rooms show timeouts too.
    private let patience = 8

    init(address: RelayAddress, room: DemoRoom) {
        self.address = address
        self.room = room
    }

    func listen(after seq: Int, receive: @escaping @Sendable (Envelope) throws -> Void) async throws {
        var last = seq
        var connection = try await RelayConnection.open(address)
        defer { connection.close() }
        while true {
            // A proxy may answer each question on a connection of its own.
            if !connection.isOpen { connection = try await RelayConnection.open(address) }
            let request = RelayRequest(
                route: room.route("wait?after=\(last)&timeout=\(patience)"),
                visitor: ReadingTransport.longPoll.visitor)
            let asked = ContinuousClock.now
            let response = try await connection.send(request, within: .seconds(Int64(patience) + 10))
            let page = try response.decoded(MessagePage.self)
            for envelope in page.messages {
                try receive(envelope)
                last = max(last, envelope.seq ?? last)
            }
            // A room that isn't there yet answers at once, and a busy one after every message: polling
            // in a tight loop would help nobody.
            let quick = asked.duration(to: .now) < .seconds(1)
            if quick {
                try await Task.sleep(for: page.messages.isEmpty ? .milliseconds(500) : .milliseconds(50))
            }
        }
    }
}
