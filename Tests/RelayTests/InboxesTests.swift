import SignalboxMetrics
import Testing
import Web
import TestSupport
@testable import Relay

@Suite("All inboxes and their memory fuse")
struct InboxesTests {
    private let alice: Signer
    private let bob: Signer

    init() throws {
        alice = try Signer("alice")
        bob = try Signer("bob")
    }

    private func office(
        envelopes: Int = 1_000, limits change: (inout IdentityLimits) -> Void = { _ in }
    ) throws -> PostOffice {
        let office = PostOffice(envelopes: envelopes, limits: change)
        try office.register(alice)
        try office.register(bob)
        return office
    }

    @Test("a message is charged with its ciphertext and the overhead")
    func charge() throws {
        let office = try office()
        #expect(try office.post(400, to: alice.handle).message != nil)
        #expect(office.bytes == 912)
        #expect(office.messages == 1)
    }

    @Test("the fuse takes what fits to the byte, and a refusal costs nothing")
    func fuse() throws {
        let office = try office { $0.inboxBytesMax = 912 * 2 }
        #expect(try office.post(400, to: alice.handle).message != nil)
        guard case .memoryFuse = try office.post(404, to: alice.handle) else {
            return #expect(Bool(false), "one byte too many passed")
        }
        #expect(try office.post(400, to: bob.handle).message != nil)
        #expect(office.bytes == 1_824)
        #expect(office.meter.total(.overCapacity(.inboxFuse)) == 1)
    }

    @Test("a message that was refused by the fuse may come again")
    func fuseKeepsEnvelope() throws {
        let office = try office { $0.inboxBytesMax = 2_000 }
        let filling = try (0..<2).compactMap { _ in try office.post(400, to: bob.handle).message }
        let draft = try DirectMessageDraft.sized(400, number: 1)
        let proof = try office.proof(draft, from: bob, to: alice.handle)
        guard case .memoryFuse = office.inboxes.post(draft, to: alice.handle, proof: proof) else {
            return #expect(Bool(false), "the fuse let it through")
        }
        for one in filling { #expect(office.inboxes.remove(one.id, from: bob.handle)) }
        #expect(office.inboxes.post(draft, to: alice.handle, proof: proof).message != nil)
        guard case .replayed = office.inboxes.post(draft, to: alice.handle, proof: proof) else {
            return #expect(Bool(false), "an envelope passed twice")
        }
        #expect(office.messages == 1)
    }

    @Test("a sender with a full replay cache is told when to come again, and the inbox stays as it is")
    func replayCache() throws {
        let office = try office(envelopes: 2)
        for number in 1...2 { #expect(try office.post(number, from: bob, to: alice.handle).message != nil) }
        guard case .replayCache(let seconds) = try office.post(3, from: bob, to: alice.handle) else {
            return #expect(Bool(false), "a third envelope passed")
        }
        #expect(seconds == 61)
        #expect(office.messages == 2)
    }

    @Test("one sealed text may go to many")
    func manyRecipients() throws {
        let office = try office()
        let draft = try DirectMessageDraft.sized(8, number: 1)
        for handle in [alice.handle, bob.handle] {
            let proof = try office.proof(draft, from: bob, to: handle)
            #expect(office.inboxes.post(draft, to: handle, proof: proof).message != nil)
        }
    }

    @Test("a message for a handle that is no more is not kept")
    func unknownHandle() throws {
        let office = try office()
        guard case .unknownHandle = try office.post(to: try .made("nobody")) else {
            return #expect(Bool(false), "a message for nobody was taken")
        }
        #expect(office.bytes == 0)
    }

    @Test("messages of seven days are there and older ones aren't")
    func expiry() throws {
        let office = try office()
        _ = try office.post(to: alice.handle)
        office.clock.now += 7 * 86_400_000
        office.inboxes.sweep()
        #expect(office.messages == 1)
        office.clock.now += 1
        office.inboxes.sweep()
        #expect(office.messages == 0)
        #expect(office.meter.total(.inboxRemovals(.expired)) == 1)
    }

    @Test("an inbox whose messages have run out has room again, before any sweep")
    func expiryMakesRoom() throws {
        let office = try office { ($0.inboxMessages, $0.inboxAnonymous) = (2, 2) }
        for number in 1...2 { _ = try office.post(number, from: bob, to: alice.handle) }
        guard case .full = try office.post(to: alice.handle) else {
            return #expect(Bool(false), "an anonymous message took a verified one's place")
        }
        office.clock.now += 7 * 86_400_000 + 1
        #expect(try office.post(to: alice.handle).message != nil)
        #expect(office.messages == 1)
        #expect(office.bytes == 516)
    }

    @Test(
        "a refusal that finds messages run out releases them once",
        arguments: ["replayed", "cache full", "inbox full"])
    func refusedAfterExpiry(refusal: String) throws {
        let office = try office(envelopes: 2) {
            ($0.inboxMilliseconds, $0.inboxMessages, $0.inboxAnonymous) = (30_000, 2, 2)
        }
        #expect(try office.post(to: alice.handle).message != nil)
        office.clock.now += 20_000
        for number in 1...2 { #expect(try office.post(number, from: bob, to: alice.handle).message != nil) }
        office.clock.now += 20_000
        let posting =
            switch refusal {
            // Signed at another moment, but the same envelope.
            case "replayed": try office.post(1, from: bob, to: alice.handle)
            case "cache full": try office.post(3, from: bob, to: alice.handle)
            default: try office.post(to: alice.handle)
            }
        #expect(posting.message == nil)
        #expect(office.messages == 2)
        office.clock.now += 100_000
        office.inboxes.sweep()
        #expect(office.messages == 0 && office.bytes == 0)
    }

    @Test("each handle's messages are its own")
    func owner() throws {
        let office = try office()
        let message = try #require(try office.post(to: alice.handle).message)
        #expect(!office.inboxes.remove(message.id, from: bob.handle))
        #expect(office.inboxes.remove(message.id, from: alice.handle))
        #expect(!office.inboxes.remove(message.id, from: alice.handle))
    }

    @Test("nothing is held once all is acknowledged, expired or forgotten", arguments: 0..<6)
    func balance(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        let office = PostOffice(envelopes: 50) {
            ($0.inboxMessages, $0.inboxAnonymous, $0.inboxBytesMax) = (10, 4, 30_000)
            $0.inboxMilliseconds = 50_000
        }
        let owners = try (0..<6).map { try Signer("owner-\($0)") }
        for owner in owners { try office.register(owner) }
        var kept: [(id: String, handle: Handle)] = []
        var refused = 0
        for step in 1...700 {
            office.clock.now += Int64.random(in: 0...400, using: &random)
            if step % 50 == 0 { office.inboxes.sweep() }
            let handle = owners[Int.random(in: owners.indices, using: &random)].handle
            let bytes = Int.random(in: 3...500, using: &random) * 4
            switch Int.random(in: 0..<10, using: &random) {
            case 0...2:
                guard let one = kept.randomElement(using: &random) else { continue }
                _ = office.inboxes.remove(one.id, from: one.handle)
            case 3...5:
                let posting = try office.post(bytes, to: handle)
                if let message = posting.message { kept.append((message.id, handle)) } else { refused += 1 }
            case 6...8:
                let posting = try office.post(
                    step / 2, bytes: bytes, from: owners[step / 2 % owners.count], to: handle)
                if let message = posting.message { kept.append((message.id, handle)) } else { refused += 1 }
            default: if step % 7 == 0 { office.inboxes.forget(handle) }
            }
            #expect((0...30_000).contains(office.bytes))
            #expect(office.bytes >= office.messages * 512)
        }
        #expect(refused > 0, "no limit was reached: the test tests too little")
        if seed % 2 == 0 {
            office.clock.now += 1_000_000
            office.inboxes.sweep()
        } else {
            for one in kept { _ = office.inboxes.remove(one.id, from: one.handle) }
        }
        #expect(office.bytes == 0)
        #expect(office.messages == 0)
        let accepted =
            office.meter.total(.directMessages(.verified)) + office.meter.total(.directMessages(.anonymous))
        #expect(InboxRemoval.allCases.reduce(0) { $0 + office.meter.total(.inboxRemovals($1)) } == accepted)
    }
}
