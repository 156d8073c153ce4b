import SignalboxMetrics
import Testing
@testable import Relay

@Suite("Registering again")
struct RenewalTests {
    private let alice: Signer
    private let desk = Desk()
    private let start = 1_700_000_000_000.0

    /// Alice is registered.
    init() async throws {
        alice = try Signer("alice")
        try #require(await desk.register(alice.application(at: start)) == "registered 1700000000000")
    }

    private var boxKey: String? { desk.book.find(alice.handle)?.boxKey }

    @Test("defect 17: the owner's new box key takes the old one's place, and the date stays")
    func newKey() async {
        desk.clock.now += 10
        #expect(await desk.register(alice.application(at: start + 10, box: 2)) == "registered 1700000000000")
        #expect(boxKey == alice.boxKey(2))
        #expect(desk.book.find(alice.handle)?.updatedAt == 1_700_000_000_010)
        #expect(desk.meter.total(.identitiesUpdated) == 1)
        #expect(desk.meter.total(.identitiesRegistered) == 1)
    }

    @Test("a proof is good for one registration; who comes with it again learns that the name is taken")
    func replay() async {
        #expect(await desk.register(alice.application(at: start)) == "taken")
        #expect(desk.meter.total(.signatures(.register, .replayed)) == 1)
    }

    @Test("an older proof can't bring an older key back, in any order")
    func olderProof() async {
        let first = alice.application(at: start + 10, box: 2)
        let second = alice.application(at: start + 20, box: 3)
        #expect(await desk.register(second).hasPrefix("registered"))
        #expect(await desk.register(first) == "taken")
        #expect(boxKey == alice.boxKey(3))
    }

    @Test("not even after a restart, which forgets the proofs seen")
    func afterRestart() async throws {
        let (first, second) = (
            alice.application(at: start + 10, box: 2), alice.application(at: start + 20, box: 3)
        )
        #expect(await desk.register(first).hasPrefix("registered"))
        #expect(await desk.register(second).hasPrefix("registered"))
        let again = Desk()
        again.book.settle(alice.handle, desk.book.find(alice.handle), leaving: nil)
        #expect(await again.register(first) == "taken")
        #expect(again.book.find(alice.handle)?.boxKey == alice.boxKey(3))
    }

    @Test("two proofs of one millisecond don't both change the key")
    func sameTime() async {
        #expect(await desk.register(alice.application(at: start + 10, box: 2)).hasPrefix("registered"))
        #expect(await desk.register(alice.application(at: start + 10, box: 3)) == "taken")
        #expect(await desk.register(alice.application(at: start + 10.5, box: 4)) == "taken")
        #expect(boxKey == alice.boxKey(2))
    }

    @Test("with the same key an earlier time is fine: nothing changes by it")
    func sameKey() async {
        #expect(await desk.register(alice.application(at: start - 5_000)) == "registered 1700000000000")
        #expect(desk.book.find(alice.handle)?.provenAt == 1_700_000_000_000)
    }

    @Test(
        "whatever is wrong with it, it is told that the name is taken",
        arguments: [60_001, -60_001, .infinity, .nan] as [Double])
    func outOfTime(offset: Double) async {
        #expect(await desk.register(alice.application(at: start + offset, box: 2)) == "taken")
        #expect(boxKey == alice.boxKey())
    }

    @Test("without a proof, or with a bad one, as well")
    func badProof() async {
        let key = alice.boxKey(2)
        #expect(await desk.register(alice.application(boxKey: key, proof: nil, time: start + 1)) == "taken")
        #expect(
            await desk.register(alice.application(boxKey: key, proof: "AAAA", time: start + 1)) == "taken")
        let other = alice.application(at: start + 1, box: 3).proof
        #expect(await desk.register(alice.application(boxKey: key, proof: other, time: start + 1)) == "taken")
        #expect(boxKey == alice.boxKey())
    }

    @Test("who does it more often than is remembered has to wait, and is told how long")
    func cacheFull() async {
        for number in 1..<64 {
            #expect(
                await desk.register(alice.application(at: start + Double(number))).hasPrefix("registered"))
        }
        #expect(await desk.register(alice.application(at: start + 64, box: 2)) == "full 61")
        #expect(boxKey == alice.boxKey())
        desk.clock.now += 61_000
        #expect(
            await desk.register(alice.application(at: start + 61_000, box: 2)).hasPrefix("registered"))
    }
}
