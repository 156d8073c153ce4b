import NIOCore
import Testing
@testable import Web

@Suite("Token buckets")
struct TokenBucketsTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func taken(_ buckets: TokenBuckets<Int>, _ key: Int = 0, at now: NIODeadline, tries: Int) -> Int {
        (0..<tries).count { _ in buckets.take(key, now: now) }
    }

    @Test("a full bucket gives its capacity at once and no more", arguments: [1, 3, 300])
    func capacity(capacity: Int) {
        let buckets = TokenBuckets<Int>(capacity: capacity, refillPerSecond: 100)
        #expect(taken(buckets, at: start, tries: capacity + 50) == capacity)
    }

    @Test("tokens come back at the rate, up to the capacity")
    func refill() {
        let buckets = TokenBuckets<Int>(capacity: 10, refillPerSecond: 4)
        #expect(taken(buckets, at: start, tries: 20) == 10)
        #expect(taken(buckets, at: start + .milliseconds(249), tries: 20) == 0)
        #expect(taken(buckets, at: start + .milliseconds(250), tries: 20) == 1)
        #expect(taken(buckets, at: start + .milliseconds(1_250), tries: 20) == 4)
        #expect(taken(buckets, at: start + .hours(5), tries: 20) == 10)
    }

    @Test("a refused try costs nothing")
    func refusedTry() {
        let buckets = TokenBuckets<Int>(capacity: 1, refillPerSecond: 1)
        #expect(taken(buckets, at: start, tries: 1_000) == 1)
        #expect(taken(buckets, at: start + .seconds(1), tries: 1) == 1)
    }

    @Test("each key has its own bucket")
    func separate() {
        let buckets = TokenBuckets<Int>(capacity: 2, refillPerSecond: 1)
        #expect(taken(buckets, 1, at: start, tries: 5) == 2)
        #expect(taken(buckets, 2, at: start, tries: 5) == 2)
    }

    @Test("looking takes nothing")
    func looking() {
        let buckets = TokenBuckets<Int>(capacity: 1, refillPerSecond: 1)
        #expect(buckets.has(0, now: start))
        #expect(buckets.has(0, now: start))
        #expect(buckets.count == 0)
        #expect(taken(buckets, at: start, tries: 1) == 1)
        #expect(!buckets.has(0, now: start))
        #expect(buckets.has(0, now: start + .seconds(1)))
    }

    @Test("a clock that goes back gives no tokens and takes none")
    func clockBack() {
        let buckets = TokenBuckets<Int>(capacity: 2, refillPerSecond: 1)
        #expect(taken(buckets, at: start, tries: 5) == 2)
        #expect(taken(buckets, at: start - .seconds(10), tries: 5) == 0)
        #expect(taken(buckets, at: start + .seconds(2), tries: 5) == 2)
    }

    @Test("the table stays bounded under ever new keys")
    func bounded() {
        let buckets = TokenBuckets<Int>(capacity: 1, refillPerSecond: 0.001, entriesMax: 100)
        for key in 0..<1_000 {
            #expect(buckets.take(key, now: start))
            #expect(buckets.count <= 100)
        }
    }

    @Test("those who were busiest are remembered when the table is full")
    func busiestStay() {
        let buckets = TokenBuckets<Int>(capacity: 5, refillPerSecond: 0.001, entriesMax: 100)
        #expect(taken(buckets, -1, at: start, tries: 9) == 5)
        for key in 0..<1_000 { _ = buckets.take(key, now: start) }
        #expect(!buckets.take(-1, now: start))
    }

    @Test("those who are full again are forgotten first")
    func fullAreForgotten() {
        let buckets = TokenBuckets<Int>(capacity: 1, refillPerSecond: 1, entriesMax: 100)
        for key in 0..<99 { _ = buckets.take(key, now: start) }
        let later = start + .seconds(2)
        for key in 100..<103 { _ = buckets.take(key, now: later) }
        #expect(buckets.count <= 4)
    }

    @Test("a limit of many a second and one of few an hour both hold", arguments: [1e9, 1_000, 0.001])
    func extremes(refill: Double) {
        let buckets = TokenBuckets<Int>(capacity: 1_000_000_000, refillPerSecond: refill)
        #expect(taken(buckets, at: start, tries: 100) == 100)
    }

    @Test("from many threads a bucket gives its capacity exactly")
    func concurrent() async {
        let buckets = TokenBuckets<Int>(capacity: 500, refillPerSecond: 0.001)
        let now = start
        let taken = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { (0..<200).count { _ in buckets.take(0, now: now) } } }
            return await group.reduce(0, +)
        }
        #expect(taken == 500)
    }
}
