import SignalboxMetrics
import Testing
@testable import Relay

@Suite("When a handle was last active")
struct IdentityBookTests {
    private let alice: Signer
    private let clock = House.Clock(1_000_000)

    init() throws { alice = try Signer("alice") }

    private func book(_ stored: [Identity]) -> IdentityBook {
        IdentityBook(limits: IdentityLimits(), stored: stored, meter: Meter(), clock: clock.wall)
    }

    private func lastSeen(_ book: IdentityBook) -> Int64? { book.find(alice.handle)?.lastSeenAt }

    @Test("is noted once a minute at most")
    func throttled() throws {
        let book = book([try alice.identity(registeredAt: 1_000_000)])
        clock.now += 59_999
        book.touch(alice.handle)
        #expect(lastSeen(book) == 1_000_000)
        #expect(book.takeUnsaved().isEmpty)
        clock.now += 1
        book.touch(alice.handle)
        #expect(lastSeen(book) == 1_060_000)
        #expect(book.find(alice.handle)?.updatedAt == 1_060_000)
        clock.now += 59_999
        book.touch(alice.handle)
        #expect(lastSeen(book) == 1_060_000)
    }

    @Test("a clock set back takes nothing away")
    func clockBack() throws {
        let book = book([try alice.identity(registeredAt: 1_000_000)])
        clock.now = 5_000
        book.touch(alice.handle)
        #expect(lastSeen(book) == 1_000_000)
    }

    @Test("is told to the disk once, and again when it couldn't be written")
    func unsaved() throws {
        let book = book([try alice.identity(registeredAt: 0)])
        book.touch(alice.handle)
        let taken = book.takeUnsaved()
        #expect(taken.map(\.handle) == [alice.handle])
        #expect(taken.first?.lastSeenAt == 1_000_000)
        #expect(book.takeUnsaved().isEmpty)
        book.putBack(taken)
        // What has changed meanwhile is what is written then.
        let number = book.nextInboxNumber(alice.handle)
        #expect(book.takeUnsaved().map(\.inboxSeq) == [number])
    }

    @Test("of a handle that made way meanwhile nothing is written")
    func putBackForgotten() throws {
        let book = book([try alice.identity(registeredAt: 0)])
        book.touch(alice.handle)
        let taken = book.takeUnsaved()
        let bob = try Signer("bob")
        book.settle(bob.handle, try bob.identity(), leaving: alice.handle)
        book.putBack(taken)
        #expect(book.takeUnsaved().isEmpty)
        book.touch(alice.handle)
        #expect(book.find(alice.handle) == nil)
        #expect(book.takeUnsaved().isEmpty)
    }

    @Test("a stored identity counts as active by whichever of its times is the latest")
    func activeAt() throws {
        let identity = try #require(
            Identity(
                handle: alice.handle, boxKey: alice.boxKey(), signKey: alice.signKey, bio: nil,
                registeredAt: 1, updatedAt: 3, lastSeenAt: 2))
        #expect(identity.activeAt == 3)
    }

    @Test("an update that was overtaken by a later one changes nothing")
    func overtaken() throws {
        let book = book([try alice.identity(registeredAt: 0)])
        var (early, late) = (try alice.identity(), try alice.identity())
        (early.boxKey, early.provenAt) = (alice.boxKey(2), 100)
        (late.boxKey, late.provenAt) = (alice.boxKey(3), 200)
        book.update(late)
        book.update(early)
        #expect(book.find(alice.handle)?.boxKey == alice.boxKey(3))
        #expect(book.find(alice.handle)?.provenAt == 200)
    }

    @Test("an update keeps the inbox's number, which went on meanwhile")
    func updateKeepsNumber() throws {
        let book = book([try alice.identity(registeredAt: 0)])
        let renewed = try #require(book.find(alice.handle))
        let number = try #require(book.nextInboxNumber(alice.handle))
        book.update(renewed)
        #expect(book.find(alice.handle)?.inboxSeq == number)
    }
}
