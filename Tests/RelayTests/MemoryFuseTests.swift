import SignalboxMetrics
import Testing
import Web
@testable import Relay

@Suite("The memory fuse")
struct MemoryFuseTests {
    @Test("charges a message with its ciphertext and the overhead")
    func charge() throws {
        let house = try House()
        try house.accept("room-a", .sized(400))
        try house.accept("room-b", .sized(40))
        #expect(house.bufferedBytes == 912 + 552)
    }

    @Test("refuses what doesn't fit, counts it, and a refusal costs nothing")
    func refuses() throws {
        let house = try House { $0.bufferBytesMax = 2_000 }
        try house.accept("room-a", .sized(400))
        try house.accept("room-a", .sized(400))
        for _ in 0..<5 {
            guard case .memoryFuse = try house.post("room-b", .sized(400)) else {
                return #expect(Bool(false), "the fuse let it through")
            }
        }
        #expect(house.bufferedBytes == 1_824)
        #expect(house.meter.total(.overCapacity(.memoryFuse)) == 5)
        #expect(house.meter.total(.messages(.http)) == 2)
    }

    @Test("gets back what falls out of a full buffer")
    func overflow() throws {
        let house = try House { $0.recentMax = 3 }
        for _ in 0..<10 { try house.accept("room", .sized(400)) }
        #expect(house.bufferedBytes == 3 * 912)
    }

    @Test("gets back what has expired, by its own time or the room's")
    func expiry() throws {
        let house = try House { $0.recentSeconds = 100 }
        try house.accept("room", .made(["ttl_ms": .number(30_000)]))
        try house.accept("room")
        let one = house.bufferedBytes / 2
        house.clock.now += 30_000
        house.relay.sweep()
        #expect(house.bufferedBytes == one)
    }

    @Test("holds nothing once all rooms have ended, whatever happened in them")
    func balance() throws {
        let house = try House {
            $0.recentMax = 5
            $0.roomsMax = 4
            $0.bufferBytesMax = 20_000
            $0.recentSeconds = 60
        }
        var refused = 0
        for step in 0..<500 {
            let ttl: [String: JSONValue] = step % 3 == 0 ? ["ttl_ms": .number(30_000)] : [:]
            let text = JSONValue.string(String(repeating: "A", count: step % 7 * 400 + 4))
            let draft = try MessageDraft.made(ttl.merging(["ciphertext": text]) { $1 })
            // Now and then a room more than there may be, so that one has to make way.
            let room = step % 17 == 0 ? "extra-\(step)" : "room-\(step % 4)"
            if case .memoryFuse = try house.post(room, draft) { refused += 1 }
            house.clock.now += Int64(step % 11) * 200
            if step % 13 == 0 { house.relay.sweep() }
        }
        #expect(refused > 0, "the fuse was never reached: the test tests too little")
        house.clock.now += 1_000_000
        house.relay.sweep()
        #expect(house.registry.count == 0)
        #expect(house.bufferedBytes == 0)
    }

    @Test("balances with publishers and the sweep on different threads")
    func concurrentBalance() async throws {
        let house = try House {
            $0.recentMax = 10
            $0.roomsMax = 3
            $0.graceSeconds = 0
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for publisher in 0..<3 {
                group.addTask {
                    for step in 0..<300 { try house.post("room-\((publisher + step) % 5)", .sized(40)) }
                }
            }
            group.addTask {
                for _ in 0..<300 {
                    house.clock.now += 1
                    house.relay.sweep()
                }
            }
            try await group.waitForAll()
        }
        house.clock.now += 1_000
        house.relay.sweep()
        #expect(house.registry.count == 0)
        #expect(house.bufferedBytes == 0)
    }
}
