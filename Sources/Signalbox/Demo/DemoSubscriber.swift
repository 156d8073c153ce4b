import Synchronization

/// A reader of one room that checks what it gets and comes back by `after` now and then.
final class DemoSubscriber: Sendable {
    let room: DemoRoom
    let transport: ReadingTransport
    private let subscription: any Subscription
    private let tally: Tally
    private let check: Mutex<DeliveryCheck>
    private let habits: Mutex<SplitMix64>

    init(
        room: DemoRoom, transport: ReadingTransport, subscription: any Subscription, agents: Int,
        tally: Tally,
        habits: SplitMix64
    ) {
        self.room = room
        self.transport = transport
        self.subscription = subscription
        self.tally = tally
        check = Mutex(DeliveryCheck(room: room, agents: agents))
        self.habits = Mutex(habits)
    }

    /// Reads until cancelled.
    func run() async {
        // Not all at the same instant, as people don't.
        await pause(.milliseconds(draw(0...1500)))
        while !Task.isCancelled {
            let stay = Duration.milliseconds(draw(12_000...40_000))
            do {
                let leftByServer: Void? = try await atMost(stay) { [self] in
                    try await subscription.listen(after: progress.lastSeq) { try self.receive($0) }
                }
                if leftByServer != nil { throw RelayError.lost("the server ended the stream") }
                tally.countReconnect()
                await pause(.milliseconds(draw(200...2000)))
            } catch {
                await recover(from: error)
            }
        }
    }

    /// A copy of what was received so far.
    var progress: DeliveryCheck { check.withLock { $0 } }

    /// "room 2, SSE reader", for sentences.
    var title: String { "room \(room.number), \(transport.name) reader" }

    private func receive(_ envelope: Envelope) throws {
        if let refusal = envelope.refusal { throw refusal }
        tally.noteContact()
        guard let message = envelope.message else { return }
        let faults = check.withLock { $0.accept(message) }
        tally.countReceived(over: transport, faults: faults, at: title)
    }

    private func recover(from error: any Error) async {
        guard !Task.isCancelled, let error = error as? RelayError else { return }
        if let asked = error.pauseAsked {
            tally.countHeldBack(for: asked)
            await pause(asked)
        } else {
            tally.countError("\(transport.name) reader: \(error.words)")
            await pause(.milliseconds(draw(500...1500)))
        }
    }

    private func draw(_ range: ClosedRange<Int>) -> Int {
        habits.withLock { Int.random(in: range, using: &$0) }
    }
}

/// Sleeps; a cancelled task wakes at once and finds out by itself.
func pause(_ time: Duration) async {
    try? await Task.sleep(for: time)
}
