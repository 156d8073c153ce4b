import SignalboxMetrics
import Testing
import Web
@testable import Relay

@Suite("The limits of everything a client may do")
struct RateLimitsTests {
    private let meter = Meter()
    private let client: IPAddress
    private let other: IPAddress

    init() throws {
        client = try #require(IPAddress("192.0.2.1"))
        other = try #require(IPAddress("192.0.2.2"))
    }

    private func rates(scope: Int = 2, client: Int = 1_000, listening: Int = 2) -> RateLimits {
        var limits = RoomLimits()
        (limits.roomBurst, limits.roomRefillPerSecond) = (scope, 0.0001)
        (limits.clientBurst, limits.clientRefillPerSecond) = (client, 0.0001)
        (limits.listeningBurst, limits.listeningRefillPerSecond) = (listening, 0.0001)
        return RateLimits(limits: limits, meter: meter)
    }

    private static func scopes() throws -> [(RateLimits.Scope, LimitReason)] {
        let (alice, bob) = (try Handle.made("alice"), try Handle.made("bob"))
        return [
            (.room(try House.id("room-a")), .roomRate), (.room(try House.id("room-b")), .roomRate),
            (.directMessage(alice), .dmRate), (.directMessage(bob), .dmRate), (.signed(alice), .authRate),
            (.signed(bob), .authRate), (.profile(alice), .profileRate), (.register, .registerRate),
            (.directory, .directoryRate), (.report, .reportRate), (.contact, .contactRate),
        ]
    }

    @Test("each scope has a bucket of its own, and says which one was empty")
    func separate() throws {
        let rates = rates()
        for (scope, reason) in try Self.scopes() {
            #expect(rates.reached(scope, by: client) == nil)
            #expect(rates.reached(scope, by: client) == nil)
            #expect(rates.reached(scope, by: client) == reason)
        }
        #expect(meter.total(.limited(.roomRate)) == 2)
        #expect(meter.total(.limited(.dmRate)) == 2)
        #expect(meter.total(.limited(.contactRate)) == 1)
        for (scope, _) in try Self.scopes() { #expect(rates.reached(scope, by: other) == nil) }
    }

    @Test("a room and a handle of the same name don't share one")
    func sameName() throws {
        let rates = rates(scope: 1)
        let handle = try Handle.made("same")
        for scope in [.room(try House.id("same")), .directMessage(handle), .signed(handle), .profile(handle)]
            as [RateLimits.Scope]
        {
            #expect(rates.reached(scope, by: client) == nil)
        }
    }

    @Test("the client's bucket is shared by all that writes, but reports and reading don't count")
    func shared() throws {
        for (scope, _) in try Self.scopes() {
            let rates = rates(scope: 100, client: 3)
            for _ in 0..<3 { #expect(rates.reached(.register, by: client) == nil) }
            let isFree =
                if case .report = scope { true } else if case .directory = scope { true } else { false }
            #expect(rates.reached(scope, by: client) == (isFree ? nil : .clientRate), "\(scope)")
            #expect(rates.reached(scope, by: other) == nil)
        }
    }

    @Test("reports and reading take nothing of it")
    func free() {
        let rates = rates(scope: 100, client: 1)
        for _ in 0..<50 {
            #expect(rates.reached(.report, by: client) == nil)
            #expect(rates.reached(.directory, by: client) == nil)
        }
        #expect(rates.reached(.contact, by: client) == nil)
        #expect(rates.reached(.contact, by: client) == .clientRate)
    }

    @Test("what its scope refuses costs the client nothing")
    func refusedIsFree() {
        let rates = rates(scope: 1, client: 2)
        #expect(rates.reached(.register, by: client) == nil)
        for _ in 0..<50 { #expect(rates.reached(.register, by: client) == .registerRate) }
        #expect(rates.reached(.contact, by: client) == nil)
    }

    @Test("an IPv6 network of 64 bits is one client, and the next one another")
    func networks() throws {
        let rates = rates(scope: 1)
        let addresses = ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:3::1"]
        let found = try addresses.map { rates.reached(.register, by: try #require(IPAddress($0))) }
        #expect(found == [nil, .registerRate, nil])
    }

    @Test("an IPv4 address is one client in either spelling, and its neighbour another")
    func mapped() throws {
        let rates = rates(scope: 1)
        let found = try ["192.0.2.9", "::ffff:192.0.2.9", "192.0.2.8"]
            .map { rates.reached(.register, by: try #require(IPAddress($0))) }
        #expect(found == [nil, .registerRate, nil])
    }

    @Test("signs of life have buckets of their own and take nothing of the others")
    func listening() {
        let rates = rates(scope: 1, client: 1)
        for _ in 0..<2 { #expect(rates.listeningReached(by: client) == nil) }
        #expect(rates.listeningReached(by: client) == .listeningRate)
        #expect(rates.listeningReached(by: other) == nil)
        #expect(rates.reached(.register, by: client) == nil)
        #expect(meter.total(.limited(.listeningRate)) == 1)
    }
}
