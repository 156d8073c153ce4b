import Testing
@testable import Relay

@Suite("A quota of locks that is smaller than the share of a full table")
struct SmallQuotaTests {
    @Test("a handle at its quota pushes out nobody when all places are taken")
    func quota() throws {
        let locks = SignedLocks(seconds: 100, locksMax: 5, perHandle: 3, clock: House.Clock(0).wall)
        let (alice, bob) = (try Handle.made("alice"), try Handle.made("bob"))
        for number in 0..<2 { locks.lock(try House.id("room-\(number)"), by: bob) }
        for number in 10..<30 { locks.lock(try House.id("room-\(number)"), by: alice) }
        #expect(locks.holder(try House.id("room-0")) == bob)
    }
}
