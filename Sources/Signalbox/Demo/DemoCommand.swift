import ArgumentParser

/// `signalbox demo`: lets bots talk through a running server, so that its dashboard has something to show.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Let bots talk through a running server.",
        discussion: """
            Agents exchange messages in random rooms, encrypted with libsodium as any client does, over \
            HTTP and WebSocket. Readers receive them over server-sent events, WebSocket and long-poll, come \
            and go, and check that every message arrives once, in order and unchanged. Now and then a \
            request is wrong on purpose and must be refused. Room ids and keys are random in every run and \
            are not printed.

            Exit code 0 says that every reader got every message. See it happen at /admin/stats meanwhile.
            """)

    @Option(help: "The server's address, http:// only.")
    var url = "http://127.0.0.1:3000"

    @Option(help: "Messages per second in all, in the mean; there are bursts and lulls.")
    var rate = 5.0

    @Option(help: "Seconds to go on for; 0 goes on until Ctrl-C.")
    var duration = 60.0

    @Option(help: "Repeats the schedule of the run that printed this seed, given the same rate and rooms.")
    var seed: UInt64?

    @Option(help: "Rooms.")
    var rooms = 6

    @Option(help: "Readers of each room, spread over SSE, WebSocket and long-poll.")
    var readers = 3

    func validate() throws {
        guard (0.1...120).contains(rate) else {
            throw ValidationError(
                """
                --rate \(rate) is out of range. Give 0.1 to 120 messages a second; more would meet the \
                server's limit for one address.
                """)
        }
        guard (0...604_800).contains(duration) else {
            throw ValidationError(
                "--duration \(duration) is out of range. Give up to 604800 seconds, or 0 for until Ctrl-C."
            )
        }
        guard (1...100).contains(rooms) else {
            throw ValidationError("--rooms \(rooms) is out of range. Give 1 to 100.")
        }
        guard (1...30).contains(readers) else {
            throw ValidationError(
                "--readers \(readers) is out of range. Give 1 to 30; someone has to read what the agents say."
            )
        }
        _ = try address()
    }

    func run() async throws {
        let plan = DemoPlan(
            address: try address(), rate: rate, duration: duration == 0 ? nil : .seconds(duration),
            // Short enough to type again.
            seed: seed ?? .random(in: 1...999_999), rooms: rooms, readers: readers)
        try await Demo(plan: plan).run()
    }

    private func address() throws -> RelayAddress {
        do {
            return try RelayAddress(url)
        } catch let error as RelayAddress.Unusable {
            throw ValidationError("--url: \(error)")
        }
    }
}
