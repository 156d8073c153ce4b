import SignalboxMetrics
import Testing
import TestSupport
@testable import Relay

@Suite("Making way for a new handle")
struct MakingWayTests {
    private let day: Int64 = 86_400_000
    private let clock = House.Clock(1_000 * 86_400_000)

    private func book(
        _ stored: [(name: String, inactiveDays: Int64)], max: Int
    ) throws -> IdentityBook {
        var limits = IdentityLimits()
        limits.identitiesMax = max
        return IdentityBook(
            limits: limits,
            stored: try stored.map {
                try Signer($0.name).identity(registeredAt: clock.now - $0.inactiveDays * day)
            },
            meter: Meter(), clock: clock.wall)
    }

    private func nobody(_ handle: Handle) -> Bool { false }

    /// Takes a handle; whether it was given, and who makes way for it.
    private func reserve(
        _ book: IdentityBook, _ name: String, isListed: (Handle) -> Bool = { _ in false }
    ) throws -> (granted: Bool, leaving: Handle?) {
        if case .granted(let leaving) = book.reserve(try .made(name), isListed: isListed) {
            return (true, leaving)
        }
        return (false, nil)
    }

    private func vacancy(_ book: IdentityBook, _ name: String, isListed: (Handle) -> Bool) throws -> String {
        switch book.vacancy(try .made(name), isListed: isListed) {
        case .free: "free"
        case .taken: "taken"
        case .beingTaken: "being taken"
        case .full: "full"
        }
    }

    @Test("below the maximum nobody makes way")
    func below() throws {
        let book = try book([("old", 999)], max: 2)
        #expect(try vacancy(book, "new", isListed: nobody) == "free")
        let (granted, leaving) = try reserve(book, "new")
        #expect(granted && leaving == nil)
    }

    @Test("at the maximum it is who was inactive longest, by name when two were as long")
    func longest() throws {
        let book = try book([("anna", 200), ("zoe", 300), ("bert", 300), ("new-ish", 10)], max: 4)
        let (granted, leaving) = try reserve(book, "new")
        #expect(granted)
        #expect(leaving?.text == "bert")
    }

    @Test("nobody does who was there within the time, to the millisecond")
    func active() throws {
        let book = try book([("anna", 180)], max: 1)
        #expect(try vacancy(book, "new", isListed: nobody) == "full")
        #expect(try !reserve(book, "new").granted)
        // The search isn't made for each who asks, but within a minute it is.
        clock.now += 60_001
        #expect(try vacancy(book, "new", isListed: nobody) == "free")
    }

    @Test("nobody does who is in the directory, and nobody the operator reserved")
    func protected() throws {
        let book = try book([("admin", 900), ("listed", 800), ("anna", 200)], max: 3)
        #expect(try reserve(book, "new", isListed: { $0.text == "listed" }).leaving?.text == "anna")
        let full = try self.book([("admin", 900), ("listed", 800)], max: 2)
        #expect(try vacancy(full, "new") { $0.text == "listed" } == "full")
        // Once it is out of the directory it makes way, though a search isn't made for each who asks.
        clock.now += 60_001
        #expect(try vacancy(full, "new", isListed: nobody) == "free")
    }

    @Test("asking takes nothing")
    func asking() throws {
        let book = try book([("anna", 200)], max: 1)
        for _ in 0..<5 { #expect(try vacancy(book, "new", isListed: nobody) == "free") }
        #expect(book.count == 1)
    }

    @Test("a handle is taken, or on its way to be, and then nobody else gets it")
    func taken() throws {
        let book = try book([("anna", 1)], max: 5)
        #expect(try vacancy(book, "anna", isListed: nobody) == "taken")
        #expect(try !reserve(book, "anna").granted)
        #expect(try reserve(book, "new").granted)
        #expect(try vacancy(book, "new", isListed: nobody) == "being taken")
        #expect(try !reserve(book, "new").granted)
        #expect(book.find(try .made("new")) == nil)
    }

    @Test("a registration that couldn't be stored takes nothing from anybody")
    func failed() throws {
        let book = try book([("anna", 200)], max: 1)
        let (granted, leaving) = try reserve(book, "new")
        #expect(granted)
        #expect(book.find(try .made("anna")) != nil, "who makes way is there until it is done")
        book.settle(try .made("new"), nil, leaving: leaving)
        #expect(book.count == 1)
        #expect(book.find(try .made("new")) == nil)
        #expect(try reserve(book, "new").leaving?.text == "anna")
    }

    @Test("nor does it keep who was to leave from making way for the next")
    func failedWhileOthersAsk() throws {
        let book = try book([("anna", 200), ("bert", 1)], max: 2)
        #expect(try reserve(book, "first").leaving?.text == "anna")
        // Meanwhile somebody else asks, and sees nobody.
        #expect(try !reserve(book, "second").granted)
        book.settle(try .made("first"), nil, leaving: try .made("anna"))
        #expect(try reserve(book, "second").leaving?.text == "anna")
    }

    @Test("who stood in the way is told rightly: the name is taken, or there is no place")
    func reasons() throws {
        let book = try book([("anna", 1)], max: 1)
        guard case .taken = book.reserve(try .made("anna"), isListed: nobody),
            case .full = book.reserve(try .made("new"), isListed: nobody)
        else { return #expect(Bool(false), "mixed up") }
        let roomy = try self.book([], max: 5)
        #expect(try reserve(roomy, "new").granted)
        guard case .taken = roomy.reserve(try .made("new"), isListed: nobody) else {
            return #expect(Bool(false), "a handle on its way to the disk isn't taken")
        }
    }

    @Test("two at once never make the same one leave")
    func twoAtOnce() throws {
        let book = try book([("anna", 200), ("bert", 300)], max: 2)
        let leaving = try (0..<3).map { try reserve(book, "new-\($0)") }
        #expect(leaving.map(\.granted) == [true, true, false])
        #expect(leaving.map { $0.leaving?.text } == ["bert", "anna", nil])
    }

    @Test("never more than the maximum, however many register at once and fail", arguments: 0..<12)
    func random(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        let names = (0..<12).map { "old-\($0)" } + ["admin", "echo"]
        let stored = names.map { ($0, Int64.random(in: 0...400, using: &random)) }
        let book = try book(stored, max: 16)
        let listed: Set = ["old-1", "old-2"]
        var pending: [(signer: Signer, leaving: Handle?)] = []
        var there = Set(names)
        for step in 0..<600 {
            clock.now += Int64.random(in: 0...(day / 4), using: &random)
            if random.chance(1, in: 2), !pending.isEmpty {
                let (signer, leaving) = pending.remove(at: Int.random(in: pending.indices, using: &random))
                let stored = random.chance(2, in: 3)
                book.settle(
                    signer.handle, stored ? try signer.identity(registeredAt: clock.now) : nil,
                    leaving: leaving)
                if stored {
                    there.insert(signer.handle.text)
                    if let leaving { there.remove(leaving.text) }
                }
            } else {
                let signer = try Signer("new-\(step % 40)")
                let (granted, leaving) = try reserve(book, signer.handle.text) { listed.contains($0.text) }
                if granted { pending.append((signer, leaving)) }
                #expect(
                    leaving.map { !listed.contains($0.text) && !Handle.reserved.contains($0.text) } ?? true)
                #expect(!(granted && there.contains(signer.handle.text)))
            }
            #expect(book.count == there.count)
            #expect(book.count <= 16)
            #expect(Set(pending.compactMap(\.leaving)).count == pending.count { $0.leaving != nil })
        }
        #expect(there.isSuperset(of: ["old-1", "old-2", "admin", "echo"]))
        #expect(there.contains { $0.hasPrefix("new-") }, "nobody was ever registered")
        #expect(try there.allSatisfy { book.find(try .made($0)) != nil })
    }

    @Test("from many threads the maximum holds as well")
    func concurrent() async throws {
        let book = try book((0..<20).map { ("old-\($0)", Int64(200 + $0)) }, max: 20)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for step in 0..<50 {
                        let signer = try Signer("new-\(worker)-\(step)")
                        let (granted, leaving) = try reserve(book, signer.handle.text)
                        if granted {
                            book.settle(
                                signer.handle,
                                step % 3 == 0 ? nil : try signer.identity(registeredAt: clock.now),
                                leaving: leaving)
                        }
                        #expect(book.count <= 20)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(book.count == 20)
        #expect(try (0..<20).allSatisfy { book.find(try .made("old-\($0)")) == nil })
    }
}
