import Foundation
import SQLite
import Testing
import TestSupport
@testable import Relay

@Suite("Identities on the disk")
struct IdentityStoreTests {
    private let alice: Signer
    private let bob: Signer

    init() throws {
        alice = try Signer("alice")
        bob = try Signer("bob")
    }

    /// What is on the disk, by name.
    private func stored(_ database: Database) throws -> [String: Identity] {
        let identities = try IdentityStore(database).load(now: 0).identities
        return Dictionary(uniqueKeysWithValues: identities.map { ($0.handle.text, $0) })
    }

    @Test("come back as they were written")
    func roundTrip() async throws {
        try await withRelayDatabase { database in
            let full = try #require(
                Identity(
                    handle: alice.handle, boxKey: alice.boxKey(), signKey: alice.signKey, bio: "é🚂\0'\"",
                    registeredAt: 1, updatedAt: 2, lastSeenAt: 3, inboxSeq: 4, provenAt: 5))
            let bare = try bob.identity()
            let store = IdentityStore(database)
            try await store.write(full)
            try await store.write(bare)
            #expect(try stored(database) == ["alice": full, "bob": bare])
        }
    }

    @Test("a new one and the removal of who makes way for it are one step")
    func makingWay() async throws {
        try await withRelayDatabase { database in
            let store = IdentityStore(database)
            try await store.write(alice.identity())
            try await database.write { connection in
                try connection.execute(
                    "INSERT INTO agent_profiles VALUES ('alice', '{}', 'sig', 1, 1, 9999999999999, 1)")
            }
            try await store.write(bob.identity(), removing: alice.handle)
            #expect(try stored(database).keys.sorted() == ["bob"])
            let profiles = try await database.read { try $0.integer("SELECT count(*) FROM agent_profiles") }
            #expect(profiles == 0)
        }
    }

    @Test("when the new one can't be written nobody has made way")
    func failedMakingWay() async throws {
        try await withRelayDatabase { database in
            let store = IdentityStore(database)
            try await store.write(alice.identity())
            try await store.write(bob.identity(registeredAt: 7))
            await #expect(throws: SQLiteError.self) {
                try await store.write(bob.identity(registeredAt: 8), removing: alice.handle)
            }
            let there = try stored(database)
            #expect(there.keys.sorted() == ["alice", "bob"])
            #expect(there["bob"]?.registeredAt == 7)
        }
    }

    @Test("an owner's update is taken unless a later one is there")
    func renew() async throws {
        try await withRelayDatabase { database in
            let store = IdentityStore(database)
            var identity = try alice.identity(registeredAt: 100)
            try await store.write(identity)
            for (proven, key, expected) in [(200, 2, 2), (150, 3, 2), (200, 4, 4), (201, 5, 5)]
                as [(Int64, UInt8, UInt8)]
            {
                identity.boxKey = alice.boxKey(key)
                identity.provenAt = proven
                try await store.renew(identity)
                #expect(try stored(database)["alice"]?.boxKey == alice.boxKey(expected))
            }
            let kept = try #require(try stored(database)["alice"])
            #expect(kept.registeredAt == 100 && kept.provenAt == 201)
        }
    }

    @Test("an update or a note of somebody who made way brings nobody back")
    func notBack() async throws {
        try await withRelayDatabase { database in
            let store = IdentityStore(database)
            try await store.renew(alice.identity())
            try await store.write([alice.identity(inboxSeq: 9)], floor: 0)
            #expect(try stored(database).isEmpty)
        }
    }

    @Test("what changes every minute is written without touching the keys")
    func activity() async throws {
        try await withRelayDatabase { database in
            let store = IdentityStore(database)
            try await store.write(alice.identity())
            try await store.write(bob.identity())
            var active = try alice.identity(lastSeenAt: 50, inboxSeq: 60)
            active.updatedAt = 40
            active.boxKey = alice.boxKey(9)
            try await store.write([active], floor: 0)
            let there = try stored(database)
            let kept = try #require(there["alice"])
            #expect((kept.lastSeenAt, kept.updatedAt, kept.inboxSeq) == (50, 40, 60))
            #expect(kept.boxKey == alice.boxKey())
            #expect(there["bob"] == (try bob.identity()))
        }
    }

    @Test("are on the disk before the name is given")
    func registered() async throws {
        try await withRelayDatabase { database in
            let desk = Desk(store: IdentityStore(database))
            #expect(
                await desk.register(alice.application(at: 1_700_000_000_000)) == "registered 1700000000000")
            let first = try stored(database)["alice"]
            #expect(first != nil && first == desk.book.find(alice.handle))
            #expect(
                await desk.register(alice.application(at: 1_700_000_000_001, box: 2)).hasPrefix("registered"))
            #expect(try stored(database)["alice"]?.boxKey == alice.boxKey(2))
        }
    }

    @Test("when the store fails nobody is registered, renewed or forgotten, and the name stays free")
    func storeFails() async throws {
        try await withRelayDatabase { database in
            let desk = Desk(store: IdentityStore(database)) { $0.identitiesMax = 1 }
            #expect(await desk.register(alice.application(at: 1_700_000_000_000)).hasPrefix("registered"))
            try await database.write { try $0.run("ALTER TABLE identities RENAME TO hidden") }
            #expect(
                await desk.register(alice.application(at: 1_700_000_000_001, box: 2)) == "store unavailable")
            #expect(desk.book.find(alice.handle)?.boxKey == alice.boxKey())
            desk.clock.now += 200 * 86_400_000
            let time = Double(desk.clock.now)
            #expect(await desk.register(bob.application(at: time)) == "store unavailable")
            #expect(desk.book.find(alice.handle) != nil && desk.book.find(bob.handle) == nil)
            #expect(desk.forgotten.isEmpty)
            #expect(desk.meter.total(.overCapacity(.storeUnavailable)) == 2)
            try await database.write { try $0.run("ALTER TABLE hidden RENAME TO identities") }
            #expect(await desk.register(bob.application(at: time + 1)).hasPrefix("registered"))
            #expect(desk.forgotten == [alice.handle])
            #expect(try stored(database).keys.sorted() == ["bob"])
        }
    }
}

/// A database with the relay's tables, there while `body` runs.
func withRelayDatabase(_ body: (Database) async throws -> Void) async throws {
    try await withTemporaryDirectory { directory in
        let database = try Database.open(path: directory.appending(path: "a.sqlite").path).database
        try IdentityStore.prepare(database)
        try await body(database)
    }
}
