import Testing
@testable import Relay

@Suite("What a handle has signed already")
struct ReplayCacheTests {
    private let alice: Handle
    private let bob: Handle

    init() throws {
        alice = try .made("alice")
        bob = try .made("bob")
    }

    /// Remembers `count` items until `expiry`; how many were fresh.
    private func fill(
        _ cache: ReplayCache, _ handle: Handle, _ count: Int, until expiry: Int64, now: Int64 = 0
    ) -> Int {
        (0..<count).count {
            cache.remember("item-\($0)-\(expiry)", of: handle, until: expiry, now: now) == .fresh
        }
    }

    @Test("is known until its time is over, to the millisecond")
    func expiry() {
        let cache = ReplayCache(perHandle: 4)
        #expect(cache.remember("nonce", of: alice, until: 1_000, now: 0) == .fresh)
        for now in [0, 1, 999, 1_000] as [Int64] {
            #expect(cache.has("nonce", of: alice, now: now))
            #expect(cache.remember("nonce", of: alice, until: 5_000, now: now) == .replayed)
        }
        #expect(!cache.has("nonce", of: alice, now: 1_001))
        #expect(cache.remember("nonce", of: alice, until: 5_000, now: 1_001) == .fresh)
        #expect(cache.count == 1)
    }

    @Test("is that handle's alone")
    func perHandle() {
        let cache = ReplayCache(perHandle: 4)
        #expect(cache.remember("nonce", of: alice, until: 1_000, now: 0) == .fresh)
        #expect(!cache.has("nonce", of: bob, now: 0))
        #expect(cache.remember("nonce", of: bob, until: 1_000, now: 0) == .fresh)
        #expect(cache.count == 2)
    }

    @Test("looking doesn't remember")
    func looking() {
        let cache = ReplayCache(perHandle: 4)
        #expect(!cache.has("nonce", of: alice, now: 0))
        #expect(cache.count == 0)
        #expect(cache.remember("nonce", of: alice, until: 1, now: 0) == .fresh)
    }

    @Test("fails closed when the handle has signed as much as is remembered of it")
    func full() {
        let cache = ReplayCache(perHandle: 3)
        #expect(fill(cache, alice, 3, until: 10_000) == 3)
        #expect(cache.remember("one more", of: alice, until: 10_000, now: 0) == .full(retryAfter: 11))
        #expect(!cache.has("one more", of: alice, now: 0))
        // What is known is known, full or not.
        #expect(cache.remember("item-0-10000", of: alice, until: 10_000, now: 0) == .replayed)
        #expect(cache.count == 3)
    }

    @Test(
        "after the seconds that a full one names there is room again",
        arguments: [(0, 1), (1, 1), (999, 1), (1_000, 2), (1_001, 2), (59_999, 60), (60_000, 61)]
            as [(Int64, Int)])
    func retryAfter(left: Int64, seconds: Int) {
        let cache = ReplayCache(perHandle: 2)
        let now: Int64 = 500_000
        #expect(cache.remember("first", of: alice, until: now + left, now: now) == .fresh)
        #expect(cache.remember("second", of: alice, until: now + 90_000, now: now) == .fresh)
        #expect(cache.remember("third", of: alice, until: now, now: now) == .full(retryAfter: seconds))
        let then = now + Int64(seconds) * 1_000
        #expect(cache.remember("third", of: alice, until: then, now: then) == .fresh)
    }

    @Test("defect 6: other handles can't flush a handle's entries, however many they are and sign")
    func noFlushing() throws {
        let cache = ReplayCache(perHandle: 8, total: 64)
        #expect(fill(cache, alice, 8, until: 60_000) == 8)
        for number in 0..<100 {
            let attacker = try Handle.made("attacker-\(number)")
            _ = fill(cache, attacker, 20, until: 120_000, now: 1)
        }
        for number in 0..<8 {
            #expect(cache.has("item-\(number)-60000", of: alice, now: 60_000))
            #expect(
                cache.remember("item-\(number)-60000", of: alice, until: 1, now: 60_000) == .replayed)
        }
    }

    @Test("when all together are many, each handle keeps a small share and not more")
    func share() throws {
        let cache = ReplayCache(perHandle: 50, total: 100)
        #expect(fill(cache, alice, 60, until: 60_000) == 50)
        #expect(fill(cache, bob, 60, until: 60_000) == 50)
        for number in 0..<20 {
            let late = try Handle.made("late-\(number)")
            #expect(fill(cache, late, 60, until: 60_000) == 8)
        }
        #expect(cache.count == 100 + 20 * 8)
        // Once those are out of time, nobody is held to it.
        cache.sweep(now: 60_001)
        #expect(fill(cache, bob, 60, until: 120_000, now: 60_001) == 50)
    }

    @Test("a handle that is held to its share gets room from its own entries that ran out")
    func shareAgain() throws {
        let cache = ReplayCache(perHandle: 50, total: 50)
        #expect(fill(cache, alice, 50, until: 60_000) == 50)
        #expect(fill(cache, bob, 50, until: 1_000) == 8)
        #expect(cache.remember("more", of: bob, until: 9_000, now: 1_000) == .full(retryAfter: 1))
        #expect(fill(cache, bob, 50, until: 9_000, now: 1_001) == 8)
        #expect(cache.count == 58)
    }

    @Test("a small total never leaves a handle less than its own bound")
    func smallTotal() {
        let cache = ReplayCache(perHandle: 20, total: 1)
        #expect(fill(cache, alice, 30, until: 1_000) == 20)
    }

    @Test("a sweep drops what is out of time and nothing else")
    func sweep() {
        let cache = ReplayCache(perHandle: 10)
        #expect(fill(cache, alice, 4, until: 1_000) == 4)
        #expect(fill(cache, alice, 3, until: 2_000) == 3)
        #expect(fill(cache, bob, 2, until: 1_000) == 2)
        cache.sweep(now: 1_000)
        #expect(cache.count == 9)
        cache.sweep(now: 1_001)
        #expect(cache.count == 3)
        #expect(cache.has("item-0-2000", of: alice, now: 1_001))
        cache.sweep(now: 2_001)
        #expect(cache.count == 0)
    }

    @Test("a handle that is no more takes its entries along")
    func forget() {
        let cache = ReplayCache(perHandle: 10)
        #expect(fill(cache, alice, 4, until: 1_000) == 4)
        #expect(fill(cache, bob, 3, until: 1_000) == 3)
        cache.forget(alice)
        cache.forget(alice)
        #expect(cache.count == 3)
        #expect(!cache.has("item-0-1000", of: alice, now: 0))
        #expect(cache.has("item-0-1000", of: bob, now: 0))
    }

    @Test("of many that try the same at once one is fresh")
    func concurrent() async {
        let cache = ReplayCache(perHandle: 1_000)
        let alice = alice
        let fresh = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<500).count {
                        cache.remember("item-\($0)", of: alice, until: 1_000, now: 0) == .fresh
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(fresh == 500)
        #expect(cache.count == 500)
    }
}
