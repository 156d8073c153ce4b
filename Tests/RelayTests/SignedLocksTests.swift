import Testing
import TestSupport
@testable import Relay

@Suite("Locks that outlive their rooms")
struct SignedLocksTests {
    private let clock = House.Clock(1_000_000)
    private let alice: Handle
    private let bob: Handle

    init() throws {
        alice = try .made("alice")
        bob = try .made("bob")
    }

    private func locks(seconds: Int = 100, max: Int = 10, perHandle: Int = 10) -> SignedLocks {
        SignedLocks(seconds: seconds, locksMax: max, perHandle: perHandle, clock: clock.wall)
    }

    private func room(_ number: Int) throws -> RoomID { try House.id("room-\(number)") }

    @Test("are there for as long as was set, to the millisecond")
    func lifetime() throws {
        let locks = locks()
        locks.lock(try room(1), by: alice)
        clock.now += 100_000
        locks.sweep()
        #expect(locks.holder(try room(1)) == alice)
        clock.now += 100_001
        #expect(locks.holder(try room(1)) == nil)
        #expect(locks.count == 0)
    }

    @Test("being asked for is a use, from which the time counts anew")
    func asked() throws {
        let locks = locks()
        locks.lock(try room(1), by: alice)
        for _ in 0..<10 {
            clock.now += 90_000
            #expect(locks.holder(try room(1)) == alice)
        }
    }

    @Test("locked anew at a room's end, they count from there, whatever was forgotten meanwhile")
    func anew() throws {
        let locks = locks()
        locks.lock(try room(1), by: alice)
        clock.now += 500_000
        locks.sweep()
        #expect(locks.count == 0)
        locks.lock(try room(1), by: alice)
        clock.now += 100_000
        #expect(locks.holder(try room(1)) == alice)
    }

    @Test("a sweep drops those that were not used for too long and keeps the others")
    func sweep() throws {
        let locks = locks()
        for number in 0..<4 {
            locks.lock(try room(number), by: alice)
            clock.now += 20_000
        }
        #expect(locks.holder(try room(0)) == alice)
        clock.now += 40_001
        locks.sweep()
        // The second was set 100,001 ms ago.
        #expect(locks.count == 3)
        #expect(try (0..<4).map { locks.holder(try room($0)) } == [alice, nil, alice, alice])
    }

    @Test("at most so many are kept; the least recently used goes first")
    func bounded() throws {
        let locks = locks(max: 3, perHandle: 3)
        for number in 0..<3 { locks.lock(try room(number), by: alice) }
        _ = locks.holder(try room(0))
        locks.lock(try room(3), by: bob)
        #expect(locks.count == 3)
        #expect(try (0..<4).map { locks.holder(try room($0)) } == [alice, nil, alice, bob])
    }

    @Test("a handle at its quota sets no more and pushes out nobody's")
    func quota() throws {
        let locks = locks(max: 6, perHandle: 3)
        locks.lock(try room(0), by: bob)
        locks.lock(try room(1), by: bob)
        for number in 10..<30 { locks.lock(try room(number), by: alice) }
        #expect(locks.count == 5)
        #expect(
            try [0, 1, 10, 11, 12, 13, 29].map { locks.holder(try room($0)) }
                == [bob, bob, alice, alice, alice, nil, nil])
    }

    @Test("when all places are taken, a handle that wants to flush the others' takes sixteen and no more")
    func flushing() throws {
        let locks = locks(max: 40, perHandle: 30)
        for number in 0..<20 { locks.lock(try room(number), by: alice) }
        for number in 20..<40 { locks.lock(try room(number), by: bob) }
        let mallory = try Handle.made("mallory")
        for number in 100..<200 { locks.lock(try room(number), by: mallory) }
        #expect(locks.count == 40)
        #expect(try (0..<40).filter { locks.holder(try room($0)) != nil } == Array(16..<40))
        // Those who have more already keep what they use.
        locks.lock(try room(39), by: bob)
        #expect(locks.holder(try room(39)) == bob)
    }

    @Test("a handle at its quota may use those it has")
    func quotaAndOwn() throws {
        let locks = locks(perHandle: 2)
        locks.lock(try room(1), by: alice)
        locks.lock(try room(2), by: alice)
        clock.now += 60_000
        locks.lock(try room(1), by: alice)
        clock.now += 60_000
        #expect(try (1...2).map { locks.holder(try room($0)) } == [alice, nil])
        // The one that ran out has given its place back.
        locks.lock(try room(3), by: alice)
        #expect(locks.holder(try room(3)) == alice)
    }

    @Test("a place in the quota comes back when a lock runs out or makes way")
    func placesComeBack() throws {
        let locks = locks(max: 4, perHandle: 2)
        for round in 0..<5 {
            locks.lock(try room(round * 2), by: alice)
            locks.lock(try room(round * 2 + 1), by: alice)
            #expect(locks.count == 2)
            clock.now += 100_001
            if round % 2 == 0 {
                locks.sweep()
            } else {
                for number in 0..<2 { #expect(locks.holder(try room(round * 2 + number)) == nil) }
            }
            #expect(locks.count == 0)
        }
        locks.lock(try room(100), by: alice)
        locks.lock(try room(101), by: alice)
        for number in 0..<4 { locks.lock(try room(number), by: try .made("other-\(number)")) }
        locks.lock(try room(102), by: alice)
        #expect(locks.holder(try room(102)) == alice)
    }

    @Test("another handle's lock of the same room takes the place of the first, also in the quota")
    func newHolder() throws {
        let locks = locks(perHandle: 1)
        locks.lock(try room(1), by: alice)
        locks.lock(try room(1), by: bob)
        #expect(locks.holder(try room(1)) == bob)
        #expect(locks.count == 1)
        locks.lock(try room(2), by: alice)
        #expect(locks.holder(try room(2)) == alice)
    }

    @Test("never more than there may be, in all and of one handle, whatever happens", arguments: 0..<10)
    func random(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        let locks = locks(seconds: 20, max: 12, perHandle: 4)
        let handles = try (0..<6).map { try Handle.made("handle-\($0)") }
        let rooms = try (0..<40).map(room)
        for _ in 0..<2_000 {
            clock.now += Int64.random(in: 0...3_000, using: &random)
            let room = rooms[Int.random(in: rooms.indices, using: &random)]
            switch Int.random(in: 0..<8, using: &random) {
            case 0: locks.sweep()
            case 1...3: _ = locks.holder(room)
            default: locks.lock(room, by: handles[Int.random(in: handles.indices, using: &random)])
            }
            #expect(locks.count <= 12)
        }
        // Every place was given back: each handle can set its full number again.
        clock.now += 1_000_000
        locks.sweep()
        #expect(locks.count == 0)
        for number in 0..<4 { locks.lock(rooms[number], by: handles[0]) }
        #expect(locks.count == 4)
        locks.lock(rooms[4], by: handles[0])
        #expect(locks.count == 4)
    }
}
