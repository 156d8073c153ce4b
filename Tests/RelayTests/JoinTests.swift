import NIOCore
import SignalboxMetrics
import Testing
import TestSupport
import Web
@testable import Relay

@Suite("Joining a room")
struct JoinTests {
    private func connect(_ house: House) throws -> EmbeddedFront {
        try EmbeddedFront(hot: HotRoutes(relay: house.relay), meter: house.meter)
    }

    private func events(_ query: String = "") -> String {
        "GET /api/rooms/room/events\(query) HTTP/1.1\r\nHost: a\r\n\r\n"
    }

    /// The events in what was sent, as `message 100`, `ready 101`, `presence`.
    private func events(in sent: String) throws -> [String] {
        try sent.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("data: ") }.map { line in
            let event = try JSONParser.parse(ByteBuffer(substring: line.dropFirst(6)))
            let type = event["type"]?.string ?? "?"
            for member in ["seq", "last_seq"] {
                if case .number(let number) = event[member] { return "\(type) \(Int(number))" }
            }
            return type
        }
    }

    @Test("brings what is there, then ready with the last number, then what comes")
    func order() throws {
        let house = try House(now: 100)
        try house.accept("room")
        try house.accept("room")
        let reader = try connect(house)
        try reader.receive(events())
        try house.accept("room")
        reader.run()
        #expect(
            try events(in: reader.sent()) == [
                "message 100", "message 101", "ready 101", "presence", "message 102",
            ])
    }

    @Test("after a number brings only what came later")
    func after() throws {
        let house = try House(now: 100)
        for _ in 0..<3 { try house.accept("room") }
        let reader = try connect(house)
        try reader.receive(events("?after=101"))
        reader.run()
        #expect(try events(in: reader.sent()) == ["message 102", "ready 102", "presence"])
    }

    @Test("after a number the room hasn't reached still brings what comes")
    func afterTheFuture() throws {
        let house = try House(now: 100)
        try house.accept("room")
        let reader = try connect(house)
        try reader.receive(events("?after=99999999"))
        try house.accept("room")
        reader.run()
        #expect(try events(in: reader.sent()) == ["ready 100", "presence", "message 101"])
    }

    @Test("an empty room says 0")
    func empty() throws {
        let house = try House()
        let reader = try connect(house)
        try reader.receive(events())
        reader.run()
        #expect(try events(in: reader.sent()) == ["ready 0", "presence"])
    }

    @Test("a full room brings the newest it keeps")
    func full() throws {
        let house = try House(now: 100) { $0.recentMax = 3 }
        for _ in 0..<10 { try house.accept("room") }
        let reader = try connect(house)
        try reader.receive(events())
        reader.run()
        #expect(
            try events(in: reader.sent()) == [
                "message 107", "message 108", "message 109", "ready 109", "presence",
            ])
    }

    @Test("a full room while it moves on isn't refused for what nobody has read yet")
    func fullAndMoving() throws {
        let house = try House(now: 100) { $0.recentMax = 3 }
        for _ in 0..<10 { try house.accept("room") }
        let seen = EmbeddedFront.Seen()
        let hot = StubHot { request, connection in
            seen.connections.append(connection)
            return true
        }
        let front = try EmbeddedFront(hot: hot, meter: house.meter)
        try front.receive(events())
        let connection = try #require(seen.connections.first)
        let subscriber = RoomSubscriber(
            room: try #require(house.registry.find(try House.id("room"))), relay: house.rooms,
            connection: connection,
            client: house.client, wire: .events(chunked: true), introduction: .init())
        #expect(subscriber.join())
        // Another loop posts between the joining and the first read.
        try house.accept("room")
        connection.startEventStream(subscriber, chunked: true)
        front.run()
        #expect(house.meter.total(.disconnects(.sse, .slow)) == 0)
        #expect(front.channel.isActive)
        let messages = try events(in: front.sent()).filter { $0.hasPrefix("message") }
        #expect(messages == ["message 108", "message 109", "message 110"])
    }

    @Test("and leaving is counted, and the places are given back")
    func leaving() throws {
        let house = try House { $0.streamsPerClient = 1 }
        for _ in 0..<3 {
            let reader = try connect(house)
            try reader.receive(events())
            try reader.hangUp()
        }
        #expect(house.meter.total(.connects(.sse)) == 3)
        #expect(house.meter.total(.disconnects(.sse, .client)) == 3)
        #expect(house.meter.total(.limited(.streamsPerClient)) == 0)
        #expect(house.meter.highest(.subscribers) == 1)
        var readings = GaugeReadings()
        house.rooms.gauges.read(into: &readings)
        #expect(readings.activeSubscribers == 0)
    }

    @Test("HEAD on the events opens no room")
    func head() throws {
        let house = try House()
        let reader = try connect(house)
        try reader.receive("HEAD /api/rooms/room/events HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try reader.sent().hasPrefix("HTTP/1.1 200 "))
        #expect(house.registry.count == 0)
    }
}
