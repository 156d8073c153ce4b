import Testing
@testable import Relay

@Suite("A room's status")
struct RoomStatusTests {
    @Test("says how many messages there are, the newest number, and its age")
    func status() throws {
        let house = try House(now: 1_000_000)
        try house.accept("room")
        house.clock.now += 61_000
        try house.accept("room")
        house.clock.now += 5_999
        let status = try #require(house.registry.find(try House.id("room"))).status()
        #expect(status.recentCount == 2)
        #expect(status.lastSeq == 1_000_001)
        #expect(status.participants == 0)
        #expect(status.ageSeconds == 66)
        #expect(status.idleSeconds == 5)
    }
}
