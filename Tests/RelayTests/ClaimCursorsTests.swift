import Testing
@testable import Relay

@Suite("All places of all handles")
struct ClaimCursorsTests {
    private let alice: Handle
    private let bob: Handle

    init() throws {
        alice = try .made("alice")
        bob = try .made("bob")
    }

    private func room(_ number: Int) throws -> RoomID { try House.id("room-\(number)") }

    @Test("a place is found again, and looking for one makes none")
    func find() throws {
        let cursors = ClaimCursors(roomsPerHandle: 4)
        #expect(cursors.find(alice, try room(1)) == nil)
        let made = cursors.findOrMake(alice, try room(1), now: 0)
        #expect(cursors.findOrMake(alice, try room(1), now: 0) === made)
        #expect(cursors.find(alice, try room(1)) === made)
        #expect(cursors.find(bob, try room(1)) == nil)
        #expect(cursors.find(alice, try room(2)) == nil)
    }

    @Test("beyond 64 rooms the one used least recently is forgotten; looking is no use")
    func leastRecentlyUsed() throws {
        let cursors = ClaimCursors(roomsPerHandle: 64)
        for number in 0..<64 { _ = cursors.findOrMake(alice, try room(number), now: 0) }
        _ = cursors.findOrMake(alice, try room(0), now: 0)
        _ = cursors.find(alice, try room(1))
        _ = cursors.findOrMake(alice, try room(64), now: 0)
        let there = try (0...64).filter { cursors.find(alice, try room($0)) != nil }
        #expect(there == [0] + Array(2...64))
    }

    @Test("one handle's many rooms push out nobody else's place")
    func separate() throws {
        let cursors = ClaimCursors(roomsPerHandle: 2)
        let place = cursors.findOrMake(bob, try room(0), now: 0)
        for number in 0..<100 { _ = cursors.findOrMake(alice, try room(number), now: 0) }
        #expect(cursors.find(bob, try room(0)) === place)
        #expect(try (0..<100).filter { cursors.find(alice, try room($0)) != nil } == [98, 99])
    }

    @Test("a handle that is no more takes its places along")
    func forget() throws {
        let cursors = ClaimCursors(roomsPerHandle: 4)
        _ = cursors.findOrMake(alice, try room(1), now: 0)
        let place = cursors.findOrMake(bob, try room(1), now: 0)
        cursors.forget(alice)
        #expect(cursors.find(alice, try room(1)) == nil)
        #expect(cursors.find(bob, try room(1)) === place)
    }

    @Test("a place that was not used for as long as messages last is forgotten, to the millisecond")
    func sweep() throws {
        let cursors = ClaimCursors(roomsPerHandle: 4)
        for number in 1...3 { _ = cursors.findOrMake(alice, try room(number), now: Int64(number) * 100) }
        let place = cursors.findOrMake(bob, try room(1), now: 100)
        // Claiming is a use.
        let house = try House(now: 500)
        try house.accept("room-1")
        let one = try #require(house.registry.find(try room(1)))
        _ = place.pick(from: one, excluding: [], duration: 1, now: 500, orPark: nil)
        cursors.sweep(before: 200)
        #expect(try (1...3).map { cursors.find(alice, try room($0)) != nil } == [false, true, true])
        cursors.sweep(before: 500)
        #expect(try (1...3).allSatisfy { cursors.find(alice, try room($0)) == nil })
        #expect(cursors.find(bob, try room(1)) === place)
        cursors.sweep(before: 501)
        #expect(cursors.find(bob, try room(1)) == nil)
    }
}
