import Testing
import Web
@testable import Relay

@Suite("The recent buffer")
struct RecentBufferTests {
    /// A buffer with messages 1…, and what it has let go of.
    private struct Bench {
        var buffer = RecentBuffer()
        var released: [UInt64] = []
        private var seq: UInt64 = 0

        mutating func add(_ count: Int, max: Int = 1_000, at now: Int64 = 0, ttl: Double? = nil) throws {
            for _ in 0..<count {
                seq += 1
                let draft = try MessageDraft.made(ttl.map { ["ttl_ms": .number($0)] } ?? [:])
                let message = Message(seq: seq, draft: draft, sender: "a", now: now, uptime: 0)
                buffer.append(message, max: max) { released.append($0.seq) }
            }
        }

        mutating func prune(now: Int64, cutoff: Int64) {
            buffer.prune(now: now, cutoff: cutoff) { released.append($0.seq) }
        }

        func all() -> [UInt64] { buffer.page(after: 0, limit: .max, bytes: .max).page.map(\.seq) }
    }

    @Test("keeps at most so many, lets the oldest go, and says how far")
    func max() throws {
        var bench = Bench()
        try bench.add(3, max: 3)
        #expect(bench.buffer.droppedThrough == 0)
        try bench.add(2, max: 3)
        #expect(bench.all() == [3, 4, 5])
        #expect(bench.released == [1, 2])
        #expect(bench.buffer.droppedThrough == 2)
        #expect(bench.buffer.lastSeq == 5)
    }

    @Test("drops what is older than its time, the very edge stays")
    func age() throws {
        var bench = Bench()
        try bench.add(1, at: 99)
        try bench.add(1, at: 100)
        bench.prune(now: 200, cutoff: 100)
        #expect(bench.all() == [2])
        #expect(bench.released == [1])
    }

    @Test("what went by its age isn't taken for missed")
    func ageIsNotMissed() throws {
        var bench = Bench()
        try bench.add(2, at: 0)
        bench.prune(now: 200, cutoff: 100)
        #expect(bench.buffer.droppedThrough == 0)
        #expect(bench.buffer.lastSeq == 0)
    }

    @Test("drops a message at its own expiry, in the middle too")
    func ownExpiry() throws {
        var bench = Bench()
        try bench.add(1)
        try bench.add(1, ttl: 30_000)
        try bench.add(1, ttl: 60_000)
        try bench.add(1)
        bench.prune(now: 29_999, cutoff: .min)
        #expect(bench.all() == [1, 2, 3, 4])
        bench.prune(now: 30_000, cutoff: .min)
        #expect(bench.all() == [1, 3, 4])
        bench.prune(now: 59_999, cutoff: .min)
        #expect(bench.all() == [1, 3, 4])
        bench.prune(now: 60_000, cutoff: .min)
        #expect(bench.all() == [1, 4])
        #expect(bench.released == [2, 3])
    }

    @Test("notices an expiry that is earlier than those it knew")
    func earlierExpiry() throws {
        var bench = Bench()
        try bench.add(1, ttl: 90_000)
        bench.prune(now: 1, cutoff: .min)
        try bench.add(1, ttl: 30_000)
        bench.prune(now: 30_000, cutoff: .min)
        #expect(bench.all() == [1])
    }

    @Test("a page begins after its number, whatever of the numbers is still there")
    func after() throws {
        var bench = Bench()
        try bench.add(2)
        try bench.add(1, ttl: 30_000)
        try bench.add(2)
        bench.prune(now: 30_000, cutoff: .min)
        func page(_ after: UInt64) -> [UInt64] {
            bench.buffer.page(after: after, limit: 10, bytes: .max).page.map(\.seq)
        }
        #expect(page(0) == [1, 2, 4, 5])
        #expect(page(2) == [4, 5])
        #expect(page(3) == [4, 5])
        #expect(page(5).isEmpty)
        #expect(page(.max).isEmpty)
    }

    @Test("a page is cut by number and says so only when something is left")
    func limit() throws {
        var bench = Bench()
        try bench.add(5)
        let cut = bench.buffer.page(after: 0, limit: 4, bytes: .max)
        #expect(cut.page.map(\.seq) == [1, 2, 3, 4])
        #expect(cut.more)
        let whole = bench.buffer.page(after: 0, limit: 5, bytes: .max)
        #expect(whole.page.count == 5)
        #expect(!whole.more)
    }

    @Test("a page is cut by bytes, and one message always fits")
    func bytes() throws {
        var bench = Bench()
        try bench.add(5)
        let size = try #require(bench.buffer.page(after: 0, limit: 1, bytes: .max).page.first).json
            .readableBytes
        #expect(bench.buffer.page(after: 0, limit: 9, bytes: size * 2).page.count == 2)
        #expect(bench.buffer.page(after: 0, limit: 9, bytes: size * 2 - 1).page.count == 1)
        let tiny = bench.buffer.page(after: 0, limit: 9, bytes: 1)
        #expect(tiny.page.map(\.seq) == [1])
        #expect(tiny.more)
    }

    @Test("a page ends with the last number wanted, and that isn't a cut")
    func through() throws {
        var bench = Bench()
        try bench.add(5)
        let page = bench.buffer.page(after: 1, through: 3, limit: 9, bytes: .max)
        #expect(page.page.map(\.seq) == [2, 3])
        #expect(!page.more)
    }

    @Test("lets every message go once, however it goes")
    func releasedOnce() throws {
        var bench = Bench()
        try bench.add(3, max: 5, at: 0)
        try bench.add(3, max: 5, at: 10, ttl: 30_000)
        try bench.add(2, max: 5, at: 20)
        bench.prune(now: 40_000, cutoff: 15)
        var last: [UInt64] = []
        bench.buffer.removeAll { last.append($0.seq) }
        #expect((bench.released + last).sorted() == Array(1...8))
        #expect(bench.buffer.count == 0)
    }
}
