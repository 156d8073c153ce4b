import Testing
import Web
@testable import Relay

@Suite("A handle's place in a room")
struct ClaimCursorTests {
    private let house: House
    private let cursor = ClaimCursor(now: 100)
    private let own: Set = [Array("alice".utf8), Array("@alice".utf8)]

    init() throws { house = try House(now: 100) { $0.recentMax = 5 } }

    private func room() throws -> Room { try #require(house.registry.find(try House.id("room"))) }

    /// Posts messages of these senders; the first one ever has number 100.
    private func post(_ senders: String...) throws {
        for sender in senders { try house.accept("room", .made(["sender": .string(sender)])) }
    }

    /// What is handed out, in words that can be compared.
    private func pick(_ cursor: ClaimCursor? = nil, duration: Int64 = 60_000) throws -> String {
        let pick = (cursor ?? self.cursor).pick(
            from: try room(), excluding: own, duration: duration, now: house.clock.now, orPark: nil)
        return switch pick {
        case .handout(let handout):
            "\(handout.message.seq)\(handout.isAgain ? " again" : "") after \(handout.cursor)"
        case .empty(let cursor, let lastSeq): "empty after \(cursor) of \(lastSeq)"
        case .closed(let cursor): "closed after \(cursor)"
        case .parked, .full, .clientFull: "\(pick)"
        }
    }

    private func claimID(_ cursor: ClaimCursor? = nil) throws -> String {
        let pick = (cursor ?? self.cursor).pick(
            from: try room(), excluding: own, duration: 60_000, now: house.clock.now, orPark: nil)
        guard case .handout(let handout) = pick else { throw House.NotAccepted(posting: "\(pick)") }
        return handout.claimID
    }

    private func acknowledge(_ id: String, _ seq: Int64?) -> String {
        switch cursor.acknowledge(id, seq: seq, now: house.clock.now) {
        case .advanced(let cursor): "advanced to \(cursor)"
        case .already(let cursor): "already \(cursor)"
        case .stale(let cursor): "stale \(cursor)"
        }
    }

    @Test("gets the oldest message of somebody else, the same one again, and the next when that is done")
    func flow() throws {
        try post("alice", "bob", "@alice", "carol")
        #expect(try pick() == "101 after 99")
        let id = try claimID()
        #expect(try pick() == "101 again after 99")
        #expect(acknowledge(id, 101) == "advanced to 101")
        #expect(try pick() == "103 after 101")
        #expect(acknowledge(try claimID(), 103) == "advanced to 103")
        #expect(try pick() == "empty after 103 of 103")
    }

    @Test("a claim is the claimer's for as long as it lasts, to the millisecond")
    func lease() throws {
        try post("bob")
        let first = try claimID()
        house.clock.now += 60_000
        #expect(try claimID() == first)
        #expect(try pick() == "100 again after 99")
        house.clock.now += 1
        #expect(try pick() == "100 after 99")
        #expect(try claimID() != first)
        #expect(acknowledge(first, 100) == "stale 99")
        #expect(acknowledge(try claimID(), 100) == "advanced to 100")
    }

    @Test("claiming again doesn't make it last longer")
    func notExtended() throws {
        try post("bob")
        let first = try claimID()
        for _ in 0..<6 {
            house.clock.now += 10_000
            #expect(try claimID() == first)
        }
        house.clock.now += 1
        #expect(try claimID() != first)
    }

    @Test("an acknowledgement at the last millisecond counts, and one later doesn't")
    func late() throws {
        try post("bob", "carol")
        let first = try claimID()
        house.clock.now += 60_000
        #expect(acknowledge(first, 100) == "advanced to 100")
        let second = try claimID()
        house.clock.now += 60_001
        #expect(acknowledge(second, 101) == "stale 100")
    }

    @Test("acknowledges what is out under its own claim and nothing else")
    func acknowledgements() throws {
        #expect(acknowledge("nothing", 1) == "stale 0")
        #expect(acknowledge("", nil) == "stale 0")
        try post("bob", "carol")
        let id = try claimID()
        #expect(acknowledge(id, 101) == "stale 99")
        #expect(acknowledge("another", 100) == "stale 99")
        #expect(acknowledge("", 100) == "stale 99")
        #expect(acknowledge(id, nil) == "stale 99")
        #expect(acknowledge(id, 0) == "stale 99")
        // Not a number of any message, but not above the cursor: done long ago, as the original has it.
        #expect(acknowledge(id, -5) == "already 99")
        #expect(acknowledge(id, .min) == "already 99")
        #expect(acknowledge("anything", 99) == "already 99")
        #expect(acknowledge(id, .max) == "stale 99")
        #expect(acknowledge(id, 100) == "advanced to 100")
        #expect(acknowledge(id, 100) == "already 100")
    }

    @Test("a message that fell out of the buffer while it was out is gone; the next one is handed out")
    func pruned() throws {
        try post("bob")
        let id = try claimID()
        try post("bob", "bob", "bob", "bob", "bob")
        #expect(try pick() == "101 after 100")
        #expect(acknowledge(id, 100) == "already 100")
        #expect(acknowledge(id, 101) == "stale 100")
    }

    @Test("a claimer that fell behind goes on with the oldest there is")
    func behind() throws {
        try post("bob")
        #expect(acknowledge(try claimID(), 100) == "advanced to 100")
        for _ in 0..<20 { try post("bob") }
        #expect(try pick() == "116 after 115")
    }

    @Test("an empty room leaves the place where it was")
    func emptied() throws {
        try house.accept("room", .made(["ttl_ms": .number(30_000)]))
        #expect(acknowledge(try claimID(), 100) == "advanced to 100")
        house.clock.now += 30_000
        #expect(try pick() == "empty after 100 of 0")
    }

    @Test("only one's own messages are no messages")
    func onlyOwn() throws {
        try post("alice", "@alice", "alice")
        #expect(try pick() == "empty after 99 of 102")
        try post("bob")
        #expect(try pick() == "103 after 99")
    }

    @Test("two handles keep their places apart, and get the same messages")
    func independent() throws {
        try post("bob", "carol")
        let other = ClaimCursor(now: 100)
        #expect(try pick() == "100 after 99")
        #expect(try pick(other) == "100 after 99")
        #expect(try claimID() != claimID(other))
        #expect(acknowledge(try claimID(), 100) == "advanced to 100")
        #expect(try pick() == "101 after 100")
        #expect(try pick(other) == "100 again after 99")
        #expect(acknowledge(try claimID(other), 101) == "stale 100")
    }

    @Test("in a room that has ended there is nothing")
    func closed() throws {
        try post("bob")
        let room = try room()
        #expect(room.closeIfEmpty(since: .max))
        let pick = cursor.pick(from: room, excluding: own, duration: 1, now: 0, orPark: nil)
        guard case .closed(cursor: 0) = pick else { return #expect(Bool(false), "\(pick)") }
    }

    @Test("a place above all there is, from an earlier life of the room, waits for what is newer")
    func newRoom() throws {
        try post("bob", "bob")
        #expect(acknowledge(try claimID(), 100) == "advanced to 100")
        house.clock.now += 3_600_000
        house.relay.sweep()
        try post("bob")
        // A new room's numbers begin above all that were ever given out.
        #expect(try pick() == "3600100 after 3600099")
    }
}
