import Logging
import SignalboxMetrics
import Testing
import TestSupport
@testable import Relay

@Suite("The numbers of direct messages")
struct InboxNumberTests {
    private let alice: Signer
    private let clock = House.Clock(1_700_000_000_000)

    init() throws { alice = try Signer("alice") }

    private func book(_ stored: [Identity], floor: UInt64 = 0, meter: Meter = Meter()) -> IdentityBook {
        IdentityBook(
            limits: IdentityLimits(), stored: stored, inboxFloor: floor, meter: meter, clock: clock.wall)
    }

    @Test("begin above the clock and go up one by one")
    func first() throws {
        let book = book([try alice.identity()])
        let numbers = (0..<3).map { _ in book.nextInboxNumber(alice.handle) }
        #expect(numbers == [1_700_000_000_001, 1_700_000_000_002, 1_700_000_000_003])
    }

    @Test("of a handle nobody has there are none")
    func nobody() throws {
        #expect(book([]).nextInboxNumber(alice.handle) == nil)
    }

    @Test("go up whatever the clock does, over restarts, good and bad", arguments: 0..<20)
    func strictlyIncreasing(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        let meter = Meter()
        var (stored, floor) = (try alice.identity(), UInt64(0))
        var book = book([stored], meter: meter)
        func save() { (stored, floor) = (book.takeUnsaved().first ?? stored, book.inboxFloor) }
        var last: UInt64 = 0
        for _ in 0..<2_000 {
            clock.now += Int64.random(in: -3_000...2_000, using: &random)
            switch Int.random(in: 0..<50, using: &random) {
            // The minute's save.
            case 0...5: save()
            case 6:
                // A good end saves first.
                save()
                book = self.book([stored], floor: floor, meter: meter)
            case 7:
                // A bad one doesn't; the mark in the counters' mapping outlives the process.
                let mark = max(floor, meter.sequenceMark, UInt64(max(0, clock.now)))
                book = self.book([stored], floor: mark, meter: meter)
            default: last = try next(book, after: last)
            }
        }
    }

    private func next(_ book: IdentityBook, after last: UInt64) throws -> UInt64 {
        let next = try #require(book.nextInboxNumber(alice.handle))
        #expect(next > last)
        return next
    }

    @Test("a clock before 1970 is no crash")
    func beforeTheEpoch() throws {
        clock.now = -5_000
        #expect(book([try alice.identity()]).nextInboxNumber(alice.handle) == 1)
    }

    @Test("after a crash they start above all that was ever given out and above the clock")
    func floor() throws {
        let meter = Meter()
        meter.markSequence(1_800_000_000_000)
        let house = House.Clock(1_700_000_000_000)
        let relay = RelayState(
            rooms: RoomLimits(), identities: IdentityLimits(), store: nil, isAfterCrash: true, meter: meter,
            clock: house.wall, logger: Logger(label: "test"))
        relay.book.settle(alice.handle, try alice.identity(inboxSeq: 1_750_000_000_000), leaving: nil)
        #expect(relay.book.nextInboxNumber(alice.handle) == 1_800_000_000_001)
    }

    @Test("the floor after a crash outlives a run in which nobody got a message")
    func quietRun() async throws {
        try await withRelayDatabase { database in
            let identity = try alice.identity(inboxSeq: 1_600_000_000_000)
            try await IdentityStore(database).write(identity)
            let meter = Meter()
            meter.markSequence(1_800_000_000_000)
            func run(isAfterCrash: Bool) throws -> RelayState {
                let store = try RelayStore(database, limits: IdentityLimits(), now: clock.now)
                return RelayState(
                    rooms: RoomLimits(), identities: IdentityLimits(), store: store,
                    isAfterCrash: isAfterCrash, meter: meter, clock: clock.wall,
                    logger: Logger(label: "test"))
            }
            await (try run(isAfterCrash: true)).save()
            let quiet = try run(isAfterCrash: false)
            await quiet.save()
            let relay = try run(isAfterCrash: false)
            #expect(relay.book.nextInboxNumber(alice.handle) == 1_800_000_000_001)
        }
    }

    @Test("after a good end they go on where they were")
    func goOn() throws {
        let book = book([try alice.identity(inboxSeq: 1_600_000_000_000)])
        #expect(book.nextInboxNumber(alice.handle) == 1_600_000_000_001)
    }

    @Test("are marked as issued, so that a room never starts below them")
    func marked() throws {
        let meter = Meter()
        let book = book([try alice.identity()], meter: meter)
        let next = try #require(book.nextInboxNumber(alice.handle))
        #expect(meter.sequenceMark == next)
    }
}
