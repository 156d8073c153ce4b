import SignalboxMetrics
import Testing
import Web
@testable import Relay

@Suite("Limits on posting")
struct LimitTests {
    private func limited(_ posting: Rooms.Posting) -> LimitReason? {
        if case .limited(let reason) = posting { return reason }
        return nil
    }

    @Test("one client in one room has its own bucket")
    func room() throws {
        let house = try House {
            $0.roomBurst = 3
            $0.roomRefillPerSecond = 0.001
        }
        for _ in 0..<3 { try house.accept("room-a") }
        #expect(limited(try house.post("room-a")) == .roomRate)
        try house.accept("room-b")
        let other = try #require(IPAddress("192.0.2.2"))
        #expect(limited(try house.post("room-a", from: other)) == nil)
        #expect(house.meter.total(.limited(.roomRate)) == 1)
    }

    @Test("one client over all rooms has a bucket too")
    func client() throws {
        let house = try House {
            $0.clientBurst = 3
            $0.clientRefillPerSecond = 0.001
        }
        for room in ["room-a", "room-b", "room-c"] { try house.accept(room) }
        #expect(limited(try house.post("room-d")) == .clientRate)
        #expect(house.meter.total(.limited(.clientRate)) == 1)
    }

    @Test("a refused post opens no room and counts no message")
    func refusedOpensNothing() throws {
        let house = try House { $0.clientBurst = 1 }
        try house.accept("room-a")
        #expect(limited(try house.post("room-b")) == .clientRate)
        #expect(house.registry.count == 1)
        #expect(house.meter.total(OriginalTotal.messages.counters) == 1)
    }

    @Test("addresses of one IPv6 network of 64 bits share their buckets")
    func network() throws {
        let house = try House { $0.roomBurst = 1 }
        #expect(limited(try house.post("room-a", from: IPAddress("2001:db8::1"))) == nil)
        #expect(limited(try house.post("room-a", from: IPAddress("2001:db8::2"))) == .roomRate)
    }

    @Test("an accepted message is counted by way, client and bytes")
    func counted() throws {
        let house = try House()
        try house.accept("room", .sized(400))
        #expect(house.meter.total(.messages(.http)) == 1)
        #expect(house.meter.total(.messageClients(.agent)) == 1)
        #expect(house.meter.total(.messageBytes) == 400)
    }
}
