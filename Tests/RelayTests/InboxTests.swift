import Testing
@testable import Relay

@Suite("One inbox")
struct InboxTests {
    private let limits = IdentityLimits()
    private let sender: Handle

    init() throws { sender = try .made("sender") }

    private func message(_ seq: UInt64, verified: Bool, at time: Int64 = 0, bytes: Int = 4) throws
        -> DirectMessage
    {
        DirectMessage(seq: seq, draft: try .sized(bytes), sender: verified ? sender : nil, now: time)
    }

    private func seqs(_ inbox: Inbox) -> [UInt64] {
        var all = IdentityLimits()
        (all.inboxPage, all.inboxPageBytes) = (.max, .max)
        return inbox.page(after: 0, all).messages.map(\.seq)
    }

    /// An inbox of so many messages, numbered from 1.
    private func filled(_ verified: [Bool]) throws -> Inbox {
        var inbox = Inbox()
        for (index, verified) in verified.enumerated() {
            inbox.append(try message(UInt64(index + 1), verified: verified), limits) { _ in }
        }
        return inbox
    }

    @Test("the 33rd anonymous message pushes out the oldest anonymous one")
    func anonymousRing() throws {
        var inbox = try filled([true] + Array(repeating: false, count: 32) + [true])
        var gone: [UInt64] = []
        #expect(inbox.hasPlace(isVerified: false, limits))
        inbox.append(try message(100, verified: false), limits) { gone.append($0.seq) }
        #expect(gone == [2])
        #expect(inbox.count == 34)
        #expect(seqs(inbox).first == 1)
    }

    @Test("the 257th pushes out the oldest anonymous one, and only then the oldest")
    func fullRing() throws {
        var inbox = try filled([true, true, false] + Array(repeating: true, count: 253))
        var gone: [UInt64] = []
        for seq in 300..<303 as Range<UInt64> {
            inbox.append(try message(seq, verified: true), limits) { gone.append($0.seq) }
        }
        #expect(gone == [3, 1, 2])
        #expect(inbox.count == 256)
    }

    @Test("defect 16: an inbox full of verified messages has no place for an anonymous one, and says so")
    func noPlace() throws {
        let inbox = try filled(Array(repeating: true, count: 256))
        #expect(!inbox.hasPlace(isVerified: false, limits))
        #expect(inbox.hasPlace(isVerified: true, limits))
        // With a single anonymous one among them there is its place.
        let mixed = try filled([false] + Array(repeating: true, count: 255))
        #expect(mixed.hasPlace(isVerified: false, limits))
    }

    @Test("where anonymous messages aren't wanted there is no place for any")
    func noAnonymous() {
        var limits = limits
        limits.inboxAnonymous = 0
        #expect(!Inbox().hasPlace(isVerified: false, limits))
        #expect(Inbox().hasPlace(isVerified: true, limits))
    }

    @Test("a page ends after 50 messages and says that there are more")
    func pageCount() throws {
        let inbox = try filled(Array(repeating: true, count: 101))
        var (page, more) = inbox.page(after: 0, limits)
        #expect(page.map(\.seq) == Array(1...50) && more)
        (page, more) = inbox.page(after: 50, limits)
        #expect(page.map(\.seq) == Array(51...100) && more)
        (page, more) = inbox.page(after: 51, limits)
        #expect(page.map(\.seq) == Array(52...101) && !more)
        (page, more) = inbox.page(after: 101, limits)
        #expect(page.isEmpty && !more)
        (page, more) = inbox.page(after: .max, limits)
        #expect(page.isEmpty && !more)
    }

    @Test("a page ends before it has more bytes than it may, but one message always fits")
    func pageBytes() throws {
        var inbox = Inbox()
        for (index, bytes) in [4, 4, 40_000, 40_000, 4].enumerated() {
            inbox.append(try message(UInt64(index + 1), verified: true, bytes: bytes), limits) { _ in }
        }
        var limits = limits
        let small = try message(1, verified: true).json.readableBytes
        let large = try message(1, verified: true, bytes: 40_000).json.readableBytes
        limits.inboxPageBytes = small * 2 + large
        #expect(inbox.page(after: 0, limits).messages.map(\.seq) == [1, 2, 3])
        #expect(inbox.page(after: 0, limits).more)
        limits.inboxPageBytes -= 1
        #expect(inbox.page(after: 0, limits).messages.map(\.seq) == [1, 2])
        limits.inboxPageBytes = 1
        #expect(inbox.page(after: 2, limits).messages.map(\.seq) == [3])
        #expect(inbox.page(after: 4, limits).messages.map(\.seq) == [5])
        #expect(!inbox.page(after: 4, limits).more)
    }

    @Test("messages are gone when they are older than they may be")
    func pruned() throws {
        var inbox = Inbox()
        for seq in 1...4 as ClosedRange<UInt64> {
            inbox.append(try message(seq, verified: seq % 2 == 0, at: Int64(seq) * 10), limits) { _ in }
        }
        var gone: [UInt64] = []
        inbox.prune(before: 20) { gone.append($0.seq) }
        #expect(gone == [1])
        inbox.prune(before: 41) { gone.append($0.seq) }
        #expect(gone == [1, 2, 3, 4])
        #expect(inbox.isEmpty)
    }

    @Test("a message is taken out by its id, once")
    func remove() throws {
        var inbox = try filled([true, false, true])
        let id = try #require(inbox.page(after: 1, limits).messages.first?.id)
        #expect(inbox.remove(id)?.seq == 2)
        #expect(inbox.remove(id) == nil)
        #expect(inbox.remove("") == nil)
        #expect(seqs(inbox) == [1, 3])
        // Its place among the anonymous ones is free again.
        for seq in 10..<42 as Range<UInt64> {
            inbox.append(try message(seq, verified: false), limits) { _ in }
        }
        #expect(inbox.count == 34)
    }

    @Test("a claim that isn't proven isn't shown")
    func unproven() throws {
        let json = String(buffer: try message(1, verified: false).json)
        #expect(json.contains(#""from_handle":null,"from_verified":false"#))
        let proven = String(buffer: try message(1, verified: true).json)
        #expect(proven.contains(#""from_handle":"sender","from_verified":true"#))
        // Defect 22: what a message is charged with is nobody's business.
        #expect(!json.contains("_bytes"))
    }
}
