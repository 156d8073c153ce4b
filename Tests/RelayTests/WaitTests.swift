import NIOCore
import SignalboxMetrics
import Testing
import TestSupport
import Web
@testable import Relay

@Suite("Long-polls")
struct WaitTests {
    private func connect(_ house: House) throws -> EmbeddedFront {
        try EmbeddedFront(hot: HotRoutes(relay: house.relay), meter: house.meter)
    }

    private func wait(_ query: String = "") -> String {
        "GET /api/rooms/room/wait\(query) HTTP/1.1\r\nHost: a\r\n\r\n"
    }

    /// The JSON of one answer.
    private func body(_ sent: String) throws -> JSONValue {
        let end = try #require(sent.firstRange(of: "\r\n\r\n"), "nothing was answered")
        return try JSONParser.parse(ByteBuffer(string: String(sent[end.upperBound...])))
    }

    private func seqs(_ answer: JSONValue) -> [Double] {
        guard case .array(let messages) = answer["messages"] else { return [] }
        return messages.compactMap { if case .number(let seq) = $0["seq"] { seq } else { nil } }
    }

    @Test("are answered at once with what is there already")
    func atOnce() throws {
        let house = try House(now: 100)
        try house.accept("room")
        try house.accept("room")
        let reader = try connect(house)
        try reader.receive(wait("?after=100"))
        let answer = try body(reader.sent())
        #expect(seqs(answer) == [101])
        #expect(answer["last_seq"] == .number(101))
    }

    @Test("wait for the next message and get it")
    func parked() throws {
        let house = try House(now: 100)
        try house.accept("room")
        let reader = try connect(house)
        try reader.receive(wait("?after=100"))
        #expect(try reader.sent().isEmpty)
        try house.accept("room")
        reader.run()
        let answer = try body(reader.sent())
        #expect(seqs(answer) == [101])
        #expect(answer["last_seq"] == .number(101))
        #expect(house.meter.total(.waitsEnded(.wake)) == 1)
        #expect(house.meter.total(.deliveries(.poll)) == 1)
    }

    @Test("with timeout=0 don't wait")
    func immediate() throws {
        let house = try House(now: 100)
        try house.accept("room")
        let reader = try connect(house)
        try reader.receive(wait("?after=100&timeout=0"))
        let answer = try body(reader.sent())
        #expect(seqs(answer).isEmpty)
        #expect(answer["last_seq"] == .number(100))
    }

    @Test("of a room that doesn't exist are answered and open none")
    func noRoom() throws {
        let house = try House()
        let reader = try connect(house)
        try reader.receive(wait())
        #expect(try body(reader.sent())["exists"] == .bool(false))
        #expect(house.registry.count == 0)
    }

    @Test("give their place back when the client goes away")
    func cancelled() throws {
        let house = try House { $0.waitersPerClient = 1 }
        try house.accept("room")
        for _ in 0..<3 {
            let reader = try connect(house)
            try reader.receive(wait("?after=99999999"))
            #expect(try reader.sent().isEmpty)
            try reader.hangUp()
        }
        #expect(house.meter.total(.waitsEnded(.cancel)) == 3)
        #expect(house.meter.total(.limited(.waitersPerClient)) == 0)
    }

    @Test("beyond the room's places are refused with a reason")
    func roomFull() throws {
        let house = try House { $0.waitersPerRoom = 1 }
        try house.accept("room")
        let (one, other) = (try connect(house), try connect(house))
        try one.receive(wait("?after=99999999"))
        try other.receive(wait("?after=99999999"))
        let refusal = try other.sent()
        #expect(refusal.hasPrefix("HTTP/1.1 429 "))
        #expect(try body(refusal)["reason"]?.string == "waiters_per_room")
        try one.hangUp()
    }

    /// A long-poll that was parked by hand, so that the test decides what its loop gets to do when.
    private func park(_ house: House) throws -> (front: EmbeddedFront, wait: RoomWait) {
        let seen = EmbeddedFront.Seen()
        let hot = StubHot { request, connection in
            seen.requests.append(request)
            seen.connections.append(connection)
            return true
        }
        let front = try EmbeddedFront(hot: hot, meter: house.meter)
        try front.receive(wait())
        let room = try #require(house.registry.find(try House.id("room")))
        let connection = try #require(seen.connections.first)
        let wait = RoomWait(
            request: try #require(seen.requests.first), after: 100, isImmediate: false, room: room,
            relay: house.rooms, connection: connection)
        guard case .parked = room.wait(wait, limit: 500) else {
            throw House.NotAccepted(posting: "not parked")
        }
        connection.park(wait, timeout: .seconds(60))
        return (front, wait)
    }

    @Test(
        "whose time ends just when a message comes don't send their reader past it",
        arguments: ["timeout", "shutdown"])
    func lastInstant(end: String) throws {
        let house = try House(now: 100)
        try house.accept("room")
        let (front, wait) = try park(house)
        // The message is in the room, the wake is on its way to the loop, and the deadline comes first.
        try house.accept("room")
        if end == "timeout" { wait.timedOut() } else { wait.shutDown() }
        front.run()
        let answer = try body(front.sent())
        let isThere = seqs(answer) == [101]
        #expect(
            isThere || answer["last_seq"] == .number(100), "nothing given, and told to go on after \(answer)")
    }

    @Test("are answered once, though the wake and the timeout both come")
    func once() throws {
        let house = try House(now: 100)
        try house.accept("room")
        let (front, wait) = try park(house)
        try house.accept("room")
        front.run()
        wait.timedOut()
        wait.shutDown()
        wait.cancelled()
        let sent = try front.sent()
        #expect(sent.ranges(of: "HTTP/1.1 200").count == 1)
        #expect(WaitEnd.allCases.map { house.meter.total(.waitsEnded($0)) } == [1, 0, 0, 0])
    }
}
