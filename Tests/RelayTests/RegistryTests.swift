import SignalboxMetrics
import Testing
import TestSupport
@testable import Relay

@Suite("The registry of rooms")
struct RegistryTests {
    private func exists(_ house: House, _ rooms: [String]) throws -> [Bool] {
        try rooms.map { house.registry.find(try House.id($0)) != nil }
    }

    /// Somebody who listens in a room until the returned connection is hung up.
    private func listen(_ house: House, _ room: String) throws -> EmbeddedFront {
        let listener = try EmbeddedFront(hot: HotRoutes(relay: house.relay), meter: house.meter)
        try listener.receive("GET /api/rooms/\(room)/events HTTP/1.1\r\nHost: a\r\n\r\n")
        return listener
    }

    @Test("at the cap the longest-idle empty room makes way")
    func cap() throws {
        let house = try House { $0.roomsMax = 3 }
        for room in ["room-a", "room-b", "room-c"] {
            try house.accept(room)
            house.clock.now += 10
        }
        try house.accept("room-a")
        try house.accept("room-d")
        #expect(try exists(house, ["room-a", "room-b", "room-c", "room-d"]) == [true, false, true, true])
        #expect(house.meter.total(.roomsEvicted(.capacity)) == 1)
        #expect(house.registry.count == 3)
    }

    @Test("a room with somebody in it is never evicted, however long nothing was said")
    func inUse() throws {
        let house = try House {
            $0.roomsMax = 2
            $0.graceSeconds = 1
        }
        let listener = try listen(house, "room-a")
        house.clock.now += 100_000
        try house.accept("room-b")
        try house.accept("room-c")
        house.clock.now += 100_000
        house.relay.sweep()
        #expect(try exists(house, ["room-a", "room-b", "room-c"]) == [true, false, false])
        try listener.hangUp()
        house.clock.now += 100_000
        house.relay.sweep()
        #expect(try exists(house, ["room-a"]) == [false])
    }

    @Test("a room where somebody waits is never evicted")
    func waitedIn() throws {
        let house = try House { $0.roomsMax = 1 }
        try house.accept("room-a")
        let waiter = try EmbeddedFront(hot: HotRoutes(relay: house.relay), meter: house.meter)
        try waiter.receive("GET /api/rooms/room-a/wait?after=9999999 HTTP/1.1\r\nHost: a\r\n\r\n")
        guard case .roomCap = try house.post("room-b") else {
            return #expect(Bool(false), "room-b was opened")
        }
        try waiter.hangUp()
        try house.accept("room-b")
    }

    @Test("when every room is in use a new one is refused, and counted")
    func full() throws {
        let house = try House { $0.roomsMax = 2 }
        let listeners = try ["room-a", "room-b"].map { try listen(house, $0) }
        guard case .roomCap = try house.post("room-c") else {
            return #expect(Bool(false), "room-c was opened")
        }
        #expect(house.meter.total(.overCapacity(.roomCap)) == 1)
        // Those who are there go on.
        try house.accept("room-a")
        for listener in listeners { try listener.hangUp() }
    }

    @Test("an empty room lasts for the grace period and not longer")
    func grace() throws {
        let house = try House { $0.graceSeconds = 30 }
        try house.accept("room-a")
        house.clock.now += 30_000
        house.relay.sweep()
        #expect(house.registry.count == 1)
        house.clock.now += 1
        house.relay.sweep()
        #expect(house.registry.count == 0)
        #expect(house.meter.total(.roomsEvicted(.idle)) == 1)
    }

    @Test("the grace period starts when the last one leaves")
    func graceAfterLeaving() throws {
        let house = try House { $0.graceSeconds = 30 }
        let listener = try listen(house, "room-a")
        house.clock.now += 1_000_000
        try listener.hangUp()
        house.clock.now += 30_000
        house.relay.sweep()
        #expect(house.registry.count == 1)
    }

    @Test("rooms are counted when they open, and their peak is kept")
    func counted() throws {
        let house = try House { $0.graceSeconds = 0 }
        for room in ["room-a", "room-b", "room-c"] { try house.accept(room) }
        house.clock.now += 1
        house.relay.sweep()
        try house.accept("room-d")
        #expect(house.meter.total(.roomsCreated) == 4)
        #expect(house.meter.highest(.rooms) == 3)
    }

    @Test("looking for a room doesn't open it")
    func find() throws {
        let house = try House()
        #expect(house.registry.find(try House.id("room")) == nil)
        #expect(house.registry.count == 0)
    }
}
