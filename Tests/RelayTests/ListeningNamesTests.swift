import SignalboxMetrics
import Testing
import TestSupport
@testable import Relay

@Suite("How many names signs of life may keep")
struct ListeningNamesTests {
    private func listen(_ house: House, _ room: String, _ name: String) throws -> Room.Listening {
        let room = try #require(house.registry.find(try House.id(room)))
        return room.listening(name, boxPublicKey: nil)
    }

    private func names(_ house: House) -> Double {
        var readings = GaugeReadings()
        house.registry.read(into: &readings)
        return readings[.listeningNames]
    }

    @Test("a room keeps so many; a name that it knows is heard all the same")
    func perRoom() throws {
        let house = try House { $0.heartbeatsPerRoom = 2 }
        try house.accept("room")
        #expect(
            try ["ann", "bob", "cleo", "ann", "cleo"].map { try listen(house, "room", $0) }
                == [.heard, .heard, .full, .heard, .full])
        #expect(names(house) == 2)
    }

    @Test("all rooms together keep so many")
    func inAll() throws {
        let house = try House { $0.heartbeatsMax = 3 }
        for room in ["room-a", "room-b"] { try house.accept(room) }
        for room in ["room-a", "room-b"] { for name in ["ann", "bob"] { _ = try listen(house, room, name) } }
        #expect(names(house) == 3)
        #expect(try listen(house, "room-b", "bob") == .full)
        #expect(try listen(house, "room-b", "ann") == .heard)
    }

    @Test("places come back when names fall silent, with the next sign of life or the sweep")
    func silent() throws {
        let house = try House {
            ($0.heartbeatsPerRoom, $0.heartbeatsMax) = (2, 3)
            $0.graceSeconds = 3_600
        }
        for room in ["room-a", "room-b"] { try house.accept(room) }
        for name in ["ann", "bob"] { _ = try listen(house, "room-a", name) }
        _ = try listen(house, "room-b", "ann")
        house.clock.now += 60_000
        #expect(try listen(house, "room-a", "cleo") == .full)
        house.clock.now += 1
        #expect(try listen(house, "room-a", "cleo") == .heard)
        #expect(names(house) == 2)
        house.relay.sweep()
        #expect(names(house) == 1)
    }

    @Test("places come back when a room ends, and an ended room hears nobody")
    func ended() throws {
        let house = try House()
        try house.accept("room")
        let room = try #require(house.registry.find(try House.id("room")))
        for name in ["ann", "bob"] { _ = try listen(house, "room", name) }
        house.clock.now += 3_600_000
        house.relay.sweep()
        #expect(house.registry.count == 0)
        #expect(names(house) == 0)
        #expect(room.listening("ann", boxPublicKey: nil) == .closed)
        #expect(names(house) == 0)
    }

    @Test("a sign of life keeps its room from idling out")
    func keepsRoom() throws {
        let house = try House { $0.graceSeconds = 30 }
        try house.accept("room")
        for _ in 0..<5 {
            house.clock.now += 29_000
            _ = try listen(house, "room", "ann")
            house.relay.sweep()
        }
        #expect(house.registry.count == 1)
    }

    @Test("nothing is left over, whatever happens", arguments: 0..<8)
    func balance(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        let house = try House {
            ($0.heartbeatsPerRoom, $0.heartbeatsMax, $0.roomsMax, $0.graceSeconds) = (4, 10, 5, 40)
        }
        for _ in 0..<1_500 {
            house.clock.now += Int64.random(in: 0...4_000, using: &random)
            let room = "room-\(Int.random(in: 0..<8, using: &random))"
            if random.chance(1, in: 10) { house.relay.sweep() }
            if house.registry.find(try House.id(room)) == nil { try house.accept(room) }
            _ = try listen(house, room, "name-\(Int.random(in: 0..<9, using: &random))")
            #expect((0...10).contains(names(house)))
        }
        house.clock.now += 3_600_000
        house.relay.sweep()
        #expect(names(house) == 0)
    }
}
