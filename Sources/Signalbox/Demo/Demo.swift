/// Says why a run did not go well, and what to do.
struct DemoFailure: Error, CustomStringConvertible {
    let description: String
}

/// A run: agents that talk in rooms, readers that check every message, and someone who makes mistakes.
struct Demo: Sendable {
    private let plan: DemoPlan
    private let tally = Tally()
    private let progress = ProgressLine()
    private let rooms: [DemoRoom]
    private let subscribers: [DemoSubscriber]

    init(plan: DemoPlan) {
        self.plan = plan
        let rooms = (1...plan.rooms).map { DemoRoom(number: $0, agents: plan.agents) }
        self.rooms = rooms
        subscribers = rooms.enumerated().flatMap { [tally] place, room in
            (0..<plan.readers).map { reader in
                let transport = plan.transport(room: place, reader: reader)
                let name = "reader-\(reader + 1)"
                let subscription: any Subscription =
                    switch transport {
                    case .events: EventStreamReader(address: plan.address, room: room, name: name)
                    case .webSocket: WebSocketReader(address: plan.address, room: room, name: name)
                    case .longPoll: LongPollReader(address: plan.address, room: room)
                    }
                return DemoSubscriber(
                    room: room, transport: transport, subscription: subscription, agents: plan.agents,
                    tally: tally,
                    habits: SplitMix64(seed: plan.seed, part: 100 + place * plan.readers + reader))
            }
        }
    }

    /// Runs the plan to its end, prints how it went, and throws when the server was not up to it.
    func run() async throws {
        try await greet()
        announce()
        let start = ContinuousClock.now
        let interruptions = Interruption.stream()
        let cast = Cast(plan: plan, rooms: rooms, tally: tally)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await watch(since: start) }
            for subscriber in subscribers { group.addTask { await subscriber.run() } }
            group.addTask {
                await cast.perform(until: interruptions)
                await settle()
                throw Finished()
            }
            do {
                // Not waitForAll: that reports an error only after everyone has ended.
                for try await _ in group {}
            } catch is Finished {
                // The readers and the progress line would go on for ever; leaving the group by its
                // end waits for them.
                group.cancelAll()
            }
        }
        try conclude(after: start.duration(to: .now))
    }

    private struct Finished: Error {}

    /// Asks for the server's health before anything else.
    private func greet() async throws {
        let response: RelayResponse
        do {
            let connection = try await RelayConnection.open(plan.address)
            defer { connection.close() }
            response = try await connection.send(
                RelayRequest(route: "/api/health", visitor: .agent), within: .seconds(5))
        } catch let error as RelayError {
            throw DemoFailure(
                description: """
                    No server answers at \(plan.address.text): \(error.words). Start one with `make run`, \
                    or name another with --url.
                    """)
        }
        guard response.status == 200 else {
            throw DemoFailure(
                description: """
                    What answers at \(plan.address.text) says \(response.status) to /api/health, so it is \
                    not a Signalbox that is ready. Start one with `make run`, or name another with --url.
                    """)
        }
    }

    private func announce() {
        progress.write(
            """
            \(rooms.count) rooms, \(rooms.count * plan.agents) agents, \(subscribers.count) readers, \
            \(plan.rate) messages a second in the mean, at \(plan.address.text)
            Repeat this schedule with --seed \(plan.seed)\(plan.duration == nil ? "; end it with Ctrl-C" : "")

            """)
        guard plan.streams > 32 || plan.waiters > 16 else { return }
        progress.write(
            """
            This opens \(plan.streams) streams and \(plan.waiters) long-polls from one address; a server \
            with default settings allows 32 and 16. Start it with STREAM_CAP_PER_IP=\(plan.streams + 8) \
            WAITER_CAP_PER_IP=\(plan.waiters + 8), or ask for fewer rooms or readers.

            """)
    }

    /// Shows progress every second, and ends the run when the server has gone.
    private func watch(since start: ContinuousClock.Instant) async throws {
        for second in 1... {
            try await Task.sleep(until: start + .seconds(second))
            let counts = tally.now
            progress.show(counts, second: second)
            guard counts.lastContact.duration(to: .now) < .seconds(20) else {
                progress.end()
                throw DemoFailure(
                    description: """
                        The server at \(plan.address.text) has stopped answering; \(counts.sent) messages \
                        were sent until then. See its log, or start it again with `make run`.
                        """)
            }
        }
    }

    /// Waits until every reader has everything, within reason.
    private func settle() async {
        let deadline = ContinuousClock.now + .seconds(15)
        while ContinuousClock.now < deadline, !Task.isCancelled {
            if subscribers.allSatisfy({ $0.progress.missing().isEmpty }) { break }
            await pause(.milliseconds(50))
        }
        // Something that comes twice would come now.
        await pause(.milliseconds(250))
    }

    private func conclude(after time: Duration) throws {
        progress.end()
        for subscriber in subscribers {
            for fault in subscriber.progress.missing() { tally.countFault(fault, at: subscriber.title) }
        }
        for room in rooms where !room.hasDoubts {
            let faultless = subscribers.filter { $0.room === room && $0.progress.faultless }
            for other in faultless.dropFirst() where other.progress.missing().isEmpty {
                guard let first = faultless.first, first.progress.missing().isEmpty,
                    first.progress.fingerprint != other.progress.fingerprint
                else { continue }
                tally.countFault(.differentOrder, at: other.title)
            }
        }
        let counts = tally.now
        progress.write(Summary(plan: plan, counts: counts, time: time).text)
        guard counts.faults == 0 else { throw failure(counts) }
        guard counts.sent > 0 || counts.errors == 0 else {
            throw DemoFailure(
                description: "The server took no message at all; the errors above and its log may say why.")
        }
    }

    private func failure(_ counts: Tally.Counts) -> DemoFailure {
        let first = counts.faultWords.first ?? "unknown"
        let excuse = "If the server was restarted meanwhile, that explains it: rooms live in memory."
        let request = """
            A relay must deliver every message once, in order and unchanged: please report this with the \
            seed \(plan.seed).
            """
        return DemoFailure(
            description: """
                The readers did not receive what was sent (faults: \(counts.faults), the first: \(first)). \
                \(counts.errors > 0 ? excuse + " Otherwise: " + request : request)
                """)
    }
}
