import SignalboxMetrics
import Testing
import TestSupport
import Web
@testable import Relay

@Suite("Rooms locked to signed senders")
struct SignedOnlyRoomTests {
    private let signer: Signer

    init() throws { signer = try Signer("alice") }

    /// A house in which the signer is registered.
    private func house(limits change: (inout RoomLimits) -> Void = { _ in }) throws -> House {
        let house = try House(limits: change)
        house.relay.book.settle(signer.handle, try signer.identity(), leaving: nil)
        return house
    }

    /// A draft that the signer has signed for the room.
    private func signed(_ house: House, _ room: String, _ number: Int, locks: Bool = false) throws
        -> MessageDraft
    {
        let nonce = String(format: "nonce-%016d", number)
        let text = "room-msg \(room) \(house.clock.now) \(nonce) \(SHA256.hex("AAAA"))"
        return try .made([
            "sender_handle": .string(signer.handle.text), "sender_nonce": .string(nonce),
            "sender_ts": .number(Double(house.clock.now)), "sender_sig": .string(signer.sign(text)),
            "signed_only": .bool(locks),
        ])
    }

    private func isOpen(_ house: House, _ room: String) throws -> Bool {
        switch try house.post(room) {
        case .accepted: true
        default: false
        }
    }

    private func end(_ house: House) {
        house.clock.now += 3_600_000
        house.relay.sweep()
    }

    @Test("defect 5: the lock outlives the room")
    func outlives() throws {
        let house = try house()
        try house.accept("room", signed(house, "room", 1, locks: true))
        end(house)
        #expect(house.registry.count == 0)
        guard case .signedOnly = try house.post("room") else {
            return #expect(Bool(false), "a room that had idled out was open again")
        }
        try house.accept("room", signed(house, "room", 2))
    }

    @Test("the lock outlives a room that made way for another")
    func outlivesEviction() throws {
        let house = try house { $0.roomsMax = 1 }
        try house.accept("room", signed(house, "room", 1, locks: true))
        try house.accept("other-room")
        #expect(try !isOpen(house, "room"))
    }

    @Test("a lock's time begins when its room ends, not when it was set")
    func timeFromTheEnd() throws {
        let house = try house { $0.signedLockSeconds = 600 }
        try house.accept("room", signed(house, "room", 1, locks: true))
        // Somebody listens for longer than a lock lasts.
        let listener = try EmbeddedFront(hot: HotRoutes(relay: house.relay), meter: house.meter)
        try listener.receive("GET /api/rooms/room/events HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in 0..<10 {
            house.clock.now += 300_000
            house.relay.sweep()
        }
        #expect(try !isOpen(house, "room"))
        try listener.hangUp()
        house.clock.now += 31_000
        house.relay.sweep()
        #expect(house.registry.count == 0)
        house.clock.now += 600_000
        #expect(try !isOpen(house, "room"))
        // The refused post opened the room again; its end is a use too.
        house.clock.now += 31_000
        house.relay.sweep()
        house.clock.now += 600_001
        #expect(try isOpen(house, "room"))
    }

    @Test("a handle's locks beyond its quota last as long as their rooms")
    func quota() throws {
        let house = try house { $0.roomsMax = 2_000 }
        for number in 0..<1_030 {
            try house.accept("room-\(number)", signed(house, "room-\(number)", number, locks: true))
            // As many signatures as are remembered of a handle run out after two minutes.
            if number % 300 == 299 {
                house.clock.now += 121_000
                for known in 0...number { _ = try isOpen(house, "room-\(known)") }
            }
        }
        #expect(house.registry.locks.count == 1_024)
        #expect(try !isOpen(house, "room-1029"))
        end(house)
        #expect(try !isOpen(house, "room-1023"))
        #expect(try isOpen(house, "room-1024"))
    }

    @Test("a restart forgets the locks, since room ids never reach the disk")
    func restart() throws {
        let before = try house()
        try before.accept("room", signed(before, "room", 1, locks: true))
        #expect(try !isOpen(before, "room"))
        #expect(try isOpen(try house(), "room"))
    }

    @Test("a claim of a sender that verifies makes the message a verified one of the handle")
    func verified() throws {
        let house = try house()
        let message = try house.accept("room", signed(house, "room", 1))
        #expect(message.sender == Array("@alice".utf8))
        #expect(String(buffer: message.json).contains(#""sender_verified":true"#))
    }

    @Test("a signature for another room, another text or by another handle is refused")
    func misused() throws {
        let house = try house()
        let draft = try signed(house, "room-a", 1, locks: true)
        guard case .badSignature = try house.post("room-b", draft) else {
            return #expect(Bool(false), "a signature for room-a passed in room-b")
        }
        try house.accept("room-a", draft)
        guard case .badSignature = try house.post("room-a", draft) else {
            return #expect(Bool(false), "a signature passed twice")
        }
        #expect(house.meter.total(.signatures(.roomMessage, .refused)) == 1)
        #expect(house.meter.total(.signatures(.roomMessage, .replayed)) == 1)
        #expect(house.meter.total(.signatures(.roomMessage, .accepted)) == 1)
    }

    @Test("only a signed sender may lock a room, and a refusal costs the fuse nothing")
    func unsignedLock() throws {
        let house = try house()
        guard case .unsignedLock = try house.post("room", .made(["signed_only": .bool(true)])) else {
            return #expect(Bool(false), "an unsigned sender locked the room")
        }
        #expect(house.bufferedBytes == 0)
        #expect(try isOpen(house, "room"))
    }
}
