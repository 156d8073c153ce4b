import Testing
import Web
@testable import Relay

@Suite("Checking what a handle has signed")
struct SignatureCheckTests {
    private let signer: Signer
    private let identity: Identity
    private let limits = IdentityLimits()
    private let now: Int64 = 1_700_000_000_000
    private static let nonce = "nonce-0123456789"

    init() throws {
        signer = try Signer("alice")
        identity = try signer.identity()
    }

    private func text(_ time: SignedTime) -> String { "GET /x \(time.timestamp) \(time.nonce)" }

    private func signed(at timestamp: Int64, nonce: String = nonce) throws -> SignedTime {
        try #require(
            SignedTime(
                timestamp: timestamp, nonce: nonce, signature: signer.sign("GET /x \(timestamp) \(nonce)")))
    }

    private func check(_ time: SignedTime, _ cache: ReplayCache, now: Int64? = nil) -> SignatureCheck {
        time.check(by: identity, limits, cache, now ?? self.now, text: text)
    }

    @Test(
        "its time may be off by a minute either way, and not by a millisecond more",
        arguments: [
            (0, true), (60_000, true), (-60_000, true), (60_001, false), (-60_001, false),
            (86_400_000, false),
        ] as [(Int64, Bool)])
    func skew(offset: Int64, isGood: Bool) throws {
        let cache = ReplayCache(perHandle: 64)
        #expect(check(try signed(at: now + offset), cache) == (isGood ? .good : .bad))
        #expect(cache.count == (isGood ? 1 : 0))
    }

    @Test("times at the ends of the number range are no crash", arguments: [Int64.min, .max, 1, -1])
    func extremes(timestamp: Int64) throws {
        #expect(check(try signed(at: timestamp), ReplayCache(perHandle: 64)) == .bad)
        for now in [Int64.min, 0, .max] where now != timestamp && abs(Double(now) - Double(timestamp)) > 1e5 {
            #expect(!limits.isInTime(timestamp, now))
        }
    }

    @Test("a nonce is good once for as long as its time is", arguments: [-60_000, 0, 60_000] as [Int64])
    func replay(offset: Int64) throws {
        let cache = ReplayCache(perHandle: 64)
        let time = try signed(at: now + offset)
        #expect(check(time, cache) == .good)
        #expect(check(time, cache) == .replayed)
        #expect(check(time, cache, now: now + offset + 60_000) == .replayed)
        // From here on the time itself is refused, so the nonce need not be known any more.
        #expect(check(time, cache, now: now + offset + 60_001) == .bad)
    }

    @Test("a bad signature uses up no nonce")
    func badKeepsNonce() throws {
        let cache = ReplayCache(perHandle: 64)
        let forged = try #require(
            SignedTime(timestamp: now, nonce: Self.nonce, signature: signer.sign("another text")))
        #expect(check(forged, cache) == .bad)
        #expect(cache.count == 0)
        #expect(check(try signed(at: now), cache) == .good)
    }

    @Test("another handle's signature is a bad one")
    func otherKey() throws {
        let mallory = try Signer("mallory")
        let text = "GET /x \(now) \(Self.nonce)"
        let forged = try #require(
            SignedTime(timestamp: now, nonce: Self.nonce, signature: mallory.sign(text)))
        #expect(check(forged, ReplayCache(perHandle: 64)) == .bad)
    }

    @Test("defect 18: a full cache says when there is room, and keeps its word")
    func full() throws {
        let cache = ReplayCache(perHandle: 2)
        #expect(check(try signed(at: now - 30_000, nonce: "nonce-0000000001"), cache) == .good)
        #expect(check(try signed(at: now, nonce: "nonce-0000000002"), cache) == .good)
        #expect(
            check(try signed(at: now, nonce: "nonce-0000000003"), cache) == .full(retryAfter: 31))
        let then = now + 31_000
        #expect(check(try signed(at: then, nonce: "nonce-0000000003"), cache, now: then) == .good)
    }

    @Test("the same nonce at another time is the same nonce")
    func sameNonce() throws {
        let cache = ReplayCache(perHandle: 64)
        #expect(check(try signed(at: now), cache) == .good)
        #expect(check(try signed(at: now + 1), cache) == .replayed)
    }
}
