import SignalboxMetrics
import Testing
@testable import Relay

@Suite("Sequence numbers")
struct SequenceTests {
    @Test("a new room starts at the wall clock in ms")
    func start() throws {
        let house = try House(now: 1_700_000_000_000)
        #expect(try house.accept("room").seq == 1_700_000_000_000)
        #expect(try house.accept("room").seq == 1_700_000_000_001)
    }

    @Test("a seq never goes back over a restart with the clock set back")
    func restart() throws {
        let slots = Slots()
        let before = try House(meter: Meter(slots: slots), now: 1_700_000_000_000)
        var last: UInt64 = 0
        for _ in 0..<10 { last = try before.accept("room").seq }
        let after = try House(meter: Meter(slots: slots), now: 1_600_000_000_000)
        #expect(try after.accept("room").seq == last + 1)
    }

    @Test("a seq never goes back when a room ends and comes again after the clock was set back")
    func roomComesAgain() throws {
        let house = try House(now: 2_000_000) { $0.graceSeconds = 0 }
        let last = try house.accept("room").seq
        house.clock.now += 1
        house.relay.sweep()
        #expect(house.registry.count == 0)
        house.clock.now = 500_000
        #expect(try house.accept("room").seq > last)
    }

    @Test("a seq never goes back in a room that is faster than a message a millisecond")
    func fasterThanTheClock() throws {
        let house = try House(now: 2_000_000) { $0.graceSeconds = 0 }
        var last: UInt64 = 0
        for _ in 0..<5_000 { last = try house.accept("room").seq }
        house.clock.now += 1
        house.relay.sweep()
        #expect(try house.accept("room").seq > last)
    }

    @Test("a clock before 1970 is no reason to crash")
    func beforeTheEpoch() throws {
        let house = try House(now: -5)
        #expect(try house.accept("room").seq == 1)
    }

    @Test("the mark is the highest number issued in any room")
    func mark() throws {
        let house = try House(now: 2_000_000)
        try house.accept("room-a")
        house.clock.now = 9_000_000
        let highest = try house.accept("room-b").seq
        try house.accept("room-a")
        #expect(house.meter.sequenceMark == highest)
    }

    @Test("publishers on many threads get every number once, and the buffer holds them in order")
    func concurrent() async throws {
        let house = try House()
        let numbers = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<4 { group.addTask { try (0..<400).map { _ in try house.accept("room").seq } } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(numbers.sorted() == (0..<1_600).map { 1_000_000 + UInt64($0) })
        let page = try #require(house.registry.find(try House.id("room"))).page(after: 0, limit: 2_000)
        #expect(page.messages.map(\.seq) == numbers.sorted())
    }
}
