import NIOCore
import SignalboxMetrics
import Testing
import TestSupport
import Web
@testable import Relay

@Suite("One order for all")
struct OrderTests {
    private static let perPublisher = 200
    private static let publishers = 4
    private static var total: Int { perPublisher * publishers }

    /// What a reader saw: the messages' numbers and ids in order, and the number `ready` named.
    private struct Seen: Equatable, Sendable {
        var messages: [String] = []
        var seqs: [Int] = []
        var ready = -1
        var seqsBeforeReady = 0
    }

    private func read(
        _ server: LoopbackServer, socket: Bool, when ready: @escaping @Sendable () -> Bool
    ) async throws -> Seen {
        guard try await eventually(ready) else { throw House.NotAccepted(posting: "nothing was published") }
        let client = try await server.connect()
        _ =
            socket
            ? try await client.openSocket("/api/rooms/room/ws")
            : try await client.openEvents("/api/rooms/room/events")
        var seen = Seen()
        while seen.messages.count < Self.total || seen.ready < 0 {
            let text = socket ? try await client.message() : try await client.event()
            let event = try JSONParser.parse(ByteBuffer(string: text))
            switch event["type"]?.string {
            case "message":
                guard case .number(let seq) = event["seq"] else { continue }
                seen.seqs.append(Int(seq))
                seen.messages.append(event["id"]?.string ?? "")
            case "ready":
                if case .number(let last) = event["last_seq"] { seen.ready = Int(last) }
                seen.seqsBeforeReady = seen.seqs.count
            default: break
            }
        }
        await client.close()
        return seen
    }

    @Test(
        "readers that join while four publish on two loops see one order, nothing missing or twice"
    )
    func joiningInMidStream() async throws {
        let house = try House(now: 1_000)
        let room = try House.id("room")
        let published: @Sendable () -> Int = { house.registry.find(room)?.status().recentCount ?? 0 }
        let streams: @Sendable () -> UInt64 = { house.meter.total([.connects(.sse), .connects(.ws)]) }
        let all = try await LoopbackServer.run(hot: HotRoutes(relay: house.relay), meter: house.meter) {
            server in
            try await withThrowingTaskGroup(of: Seen?.self) { group in
                for index in 0..<8 {
                    // Some are there before the first message, the others join in mid-stream.
                    let from = index * Self.total / 10
                    group.addTask { try await read(server, socket: index % 2 == 1) { published() >= from } }
                }
                for _ in 0..<Self.publishers {
                    group.addTask {
                        for step in 0..<Self.perPublisher {
                            if step == Self.perPublisher / 2 {
                                // Half is published: those who wait for less have joined before the rest.
                                _ = try await eventually { streams() >= 6 }
                            }
                            try house.accept("room")
                            // Gives readers on two cores their turn in between.
                            try await Task.sleep(for: .microseconds(200))
                        }
                        return nil
                    }
                }
                return try await group.reduce(into: [Seen]()) { if let seen = $1 { $0.append(seen) } }
            }
        }
        #expect(all.count == 8)
        for seen in all {
            #expect(seen.seqs == Array(1_000..<1_000 + Self.total))
            #expect(seen.messages == all.first?.messages)
            // Everything up to ready's number comes before it, everything above after it.
            #expect(seen.seqsBeforeReady == max(0, seen.ready - 999))
        }
        #expect(all.count { $0.seqsBeforeReady > 0 && $0.seqsBeforeReady < Self.total } >= 5)
        #expect(house.meter.total(.deliveriesDropped(.sse)) == 0)
    }

    @Test("a reader that comes back after its last number misses nothing and sees nothing twice")
    func reconnecting() async throws {
        let house = try House(now: 1_000)
        try await LoopbackServer.run(hot: HotRoutes(relay: house.relay), meter: house.meter) { server in
            async let publishing: Void = {
                for _ in 0..<Self.total {
                    try house.accept("room")
                    try await Task.sleep(for: .microseconds(100))
                }
            }()
            var seen: [Int] = []
            while seen.count < Self.total {
                let client = try await server.connect()
                _ = try await client.openEvents("/api/rooms/room/events?after=\(seen.last ?? 0)")
                let stop = seen.count + 90
                while seen.count < min(stop, Self.total) {
                    let event = try JSONParser.parse(ByteBuffer(string: try await client.event()))
                    if case .number(let seq) = event["seq"] { seen.append(Int(seq)) }
                }
                await client.close()
            }
            try await publishing
            #expect(seen == Array(1_000..<1_000 + Self.total))
        }
    }

    @Test("a chain of long-polls misses nothing and sees nothing twice")
    func longPolls() async throws {
        let house = try House(now: 1_000)
        try house.accept("room")
        try await LoopbackServer.run(hot: HotRoutes(relay: house.relay), meter: house.meter) { server in
            async let publishing: Void = {
                for step in 1..<Self.total {
                    // Now and then only once somebody waits, so that both kinds of answer come.
                    if step % 100 == 0 { _ = try await eventually { house.isWaitedIn } }
                    try house.accept("room")
                }
            }()
            let client = try await server.connect()
            var seen: [Int] = []
            var after = 0
            while seen.count < Self.total {
                let reply = try await client.ask(
                    "GET /api/rooms/room/wait?after=\(after)&timeout=30 HTTP/1.1\r\nHost: a\r\n\r\n")
                let page = try JSONParser.parse(ByteBuffer(string: reply.body))
                guard case .array(let messages) = page["messages"], case .number(let last) = page["last_seq"]
                else { break }
                for message in messages {
                    if case .number(let seq) = message["seq"] { seen.append(Int(seq)) }
                }
                after = Int(last)
            }
            try await publishing
            #expect(seen == Array(1_000..<1_000 + Self.total))
            #expect(house.meter.total(.waitsEnded(.wake)) >= 7)
        }
    }
}
