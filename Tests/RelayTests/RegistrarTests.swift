import SignalboxMetrics
import Testing
import Web
@testable import Relay

@Suite("Registering a handle")
struct RegistrarTests {
    private let alice: Signer
    private let desk = Desk()

    init() throws { alice = try Signer("alice") }

    @Test("a proof over both keys gives the name")
    func accepted() async throws {
        #expect(await desk.register(alice.application(at: 1_700_000_000_000)) == "registered 1700000000000")
        let identity = try #require(desk.book.find(alice.handle))
        #expect(identity.boxKey == alice.boxKey())
        #expect(identity.signKeyBytes == alice.publicKey)
        #expect(identity.provenAt == 1_700_000_000_000)
        #expect(desk.meter.total(.identitiesRegistered) == 1)
        #expect(desk.meter.total(.signatures(.register, .accepted)) == 1)
    }

    @Test(
        "its time may be off by a minute either way, and not by a millisecond more",
        arguments: [
            (0, true), (60_000, true), (-60_000, true), (60_001, false), (-60_001, false), (59_999.5, true),
            (60_000.5, false), (-60_000.5, false), (.infinity, false), (.nan, false), (1e300, false),
        ] as [(Double, Bool)])
    func skew(offset: Double, isGood: Bool) async throws {
        let outcome = await desk.register(alice.application(at: 1_700_000_000_000 + offset))
        #expect(outcome == (isGood ? "registered 1700000000000" : "skew"))
        #expect(desk.book.count == (isGood ? 1 : 0))
    }

    @Test("without proof or time, or with a proof that is none, it is told so")
    func missing() async throws {
        let time = 1_700_000_000_000.0
        let box = alice.boxKey()
        #expect(
            await desk.register(alice.application(boxKey: box, proof: nil, time: time)) == "proof missing")
        let proof = alice.application(at: time).proof
        #expect(
            await desk.register(alice.application(boxKey: box, proof: proof, time: nil)) == "proof missing")
        #expect(
            await desk.register(alice.application(boxKey: box, proof: "AAAA", time: time)) == "bad encoding")
        #expect(desk.book.count == 0)
    }

    @Test("a proof over another box key, name or time, or by another key is bad")
    func bad() async throws {
        let time = 1_700_000_000_000.0
        let good = alice.application(at: time)
        let proof = try #require(good.proof)
        let bob = try Signer("bob")
        #expect(
            await desk.register(alice.application(boxKey: alice.boxKey(9), proof: proof, time: time)) == "bad"
        )
        #expect(
            await desk.register(alice.application(boxKey: good.boxKey, proof: proof, time: time + 1)) == "bad"
        )
        #expect(await desk.register(bob.application(boxKey: good.boxKey, proof: proof, time: time)) == "bad")
        #expect(desk.meter.total(.signatures(.register, .refused)) == 3)
        // None of that used the proof up.
        #expect(await desk.register(good) == "registered 1700000000000")
    }

    @Test("the time is signed as JavaScript writes it, fractions too")
    func fraction() async throws {
        #expect(await desk.register(alice.application(at: 1_700_000_000_000.5)) == "registered 1700000000000")
        #expect(desk.book.find(alice.handle)?.provenAt == 1_700_000_000_000)
    }

    @Test("somebody else's name is taken, whatever is wrong with the request")
    func taken() async throws {
        try #require(await desk.register(alice.application(at: 1_700_000_000_000)).hasPrefix("registered"))
        let thief = try Signer("thief").stealing(alice.handle)
        let time = 1_700_000_000_000.0
        #expect(await desk.register(thief.application(at: time)) == "taken")
        #expect(await desk.register(thief.application(boxKey: "", proof: nil, time: nil)) == "taken")
        #expect(await desk.register(thief.application(boxKey: "", proof: "", time: .nan)) == "taken")
        #expect(desk.book.find(alice.handle)?.signKey == alice.signKey)
    }

    @Test("at the maximum the proof isn't even looked at")
    func cap() async throws {
        let desk = Desk { $0.identitiesMax = 1 }
        try #require(await desk.register(alice.application(at: 1_700_000_000_000)).hasPrefix("registered"))
        let bob = try Signer("bob")
        #expect(await desk.register(bob.application(boxKey: bob.boxKey(), proof: nil, time: nil)) == "cap")
        #expect(desk.meter.total(.overCapacity(.identityCap)) == 1)
        #expect(desk.meter.total(.signatures(.register, .refused)) == 0)
    }

    @Test("who makes way is forgotten everywhere, and only when the new one is in")
    func makingWay() async throws {
        let desk = Desk { $0.identitiesMax = 1 }
        try #require(await desk.register(alice.application(at: 1_700_000_000_000)).hasPrefix("registered"))
        desk.clock.now += 181 * 86_400_000
        let bob = try Signer("bob")
        #expect(
            await desk.register(bob.application(boxKey: bob.boxKey(), proof: "AAAA", time: 0))
                == "bad encoding")
        #expect(desk.forgotten.isEmpty)
        #expect(desk.book.find(alice.handle) != nil)
        #expect(await desk.register(bob.application(at: Double(desk.clock.now))).hasPrefix("registered"))
        #expect(desk.forgotten == [alice.handle])
        #expect(desk.book.find(alice.handle) == nil)
        #expect(desk.meter.total(.identitiesForgotten) == 1)
    }

    @Test("who comes second in a race for a name learns that it is taken, not that there is no place")
    func race() async throws {
        let desk = Desk()
        let handle = alice.handle
        // Between the look and the taking somebody else takes the name.
        desk.atNextLookAtTheClock { _ = desk.book.reserve(handle) { _ in false } }
        #expect(await desk.register(alice.application(at: 1_700_000_000_000)) == "taken")
    }
}
