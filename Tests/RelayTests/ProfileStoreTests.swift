import NIOCore
import SQLite
import Testing
import Web
@testable import Relay

@Suite("Profiles on the disk")
struct ProfileStoreTests {
    private static let now = ProfileHouse.start
    private static let signature = String(repeating: "A", count: 86) + "=="

    private func load(_ database: Database, handles: [String], now: Int64 = now) throws -> (
        names: [String], refused: Int, entries: [Directory.Entry]
    ) {
        let loaded = try ProfileStore(database).load(
            handles: Set(try handles.map { try Handle.made($0) }), now: now, limits: IdentityLimits())
        return (loaded.entries.map(\.handle.text).sorted(), loaded.refused, loaded.entries)
    }

    private func insert(
        _ database: Database, _ name: String, profile: String? = nil, signature: String = signature,
        expiresAt: Int64 = now + 1_000
    ) throws {
        let text = try profile ?? CanonicalJSON.text(.object(Signer(name).profile()))
        try database.write {
            try $0.execute(
                "INSERT INTO agent_profiles VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?4)", .text(name), .text(text),
                .text(signature), .integer(Self.now), .integer(expiresAt))
        }
    }

    @Test("come back as they were published, with what they are found by")
    func roundTrip() async throws {
        try await withRelayDatabase { database in
            let alice = try Signer("alice")
            let house = ProfileHouse(store: ProfileStore(database))
            try house.register(alice)
            let sent = alice.profile([
                "display_name": .string(" Alice "), "topics": .array([.string("Tea Time")]),
            ])
            #expect(try await house.publish(sent, by: alice) == "published")
            let before = try #require(house.directory.find(alice.handle))
            let loaded = try load(database, handles: ["alice"])
            let after = try #require(loaded.entries.first)
            #expect(loaded.refused == 0)
            #expect(after.profile.values == before.profile.values)
            #expect(after.index.values == before.index.values)
            #expect(after.searchText == before.searchText)
            #expect(after.signature == before.signature)
            #expect(
                (after.lastSeenAt, after.expiresAt, after.createdAt)
                    == (before.lastSeenAt, before.expiresAt, before.createdAt))
        }
    }

    @Test("of handles that nobody has are set aside")
    func unknownHandle() async throws {
        try await withRelayDatabase { database in
            try insert(database, "alice")
            try insert(database, "nobody")
            #expect(try load(database, handles: ["alice"]).names == ["alice"])
            let kind = try await database.read { try $0.text("SELECT kind FROM refused_records") }
            #expect(kind == "agent_profiles")
            #expect(try load(database, handles: ["alice", "nobody"]).refused == 0)
        }
    }

    @Test("that are out of time are dropped, to the millisecond")
    func expired() async throws {
        try await withRelayDatabase { database in
            for (name, offset) in [("gone", 0), ("there", 1), ("old", -1)] as [(String, Int64)] {
                try insert(database, name, expiresAt: Self.now + offset)
            }
            let loaded = try load(database, handles: ["gone", "there", "old"])
            #expect(loaded.names == ["there"] && loaded.refused == 0)
            let left = try await database.read { try $0.integer("SELECT count(*) FROM agent_profiles") }
            #expect(left == 1)
        }
    }

    @Test(
        "that are malformed are set aside, and the rest loads",
        arguments: [
            "", "[]", "null", "7", "{", "{}", #"{"handle":"bob"}"#, #"{"handle":"mallory"}"#,
            #"{"handle":"mallory","updated_at":"soon"}"#, #"{"handle":"mallory","updated_at":1e300}"#,
            #"{"handle":"mallory","updated_at":1,"framework":"a.b"}"#,
            #"{"handle":"mallory","updated_at":1,"summary":"my private_key"}"#,
            #"{"handle":"mallory","updated_at":1,"homepage_url":"https://a.example/#k"}"#,
            #"{"handle":["mallory"],"updated_at":1}"#,
        ])
    func malformed(profile: String) async throws {
        try await withRelayDatabase { database in
            try insert(database, "alice")
            try insert(database, "mallory", profile: profile)
            let loaded = try load(database, handles: ["alice", "mallory"])
            #expect(loaded.names == ["alice"] && loaded.refused == 1)
            #expect(try load(database, handles: ["alice", "mallory"]).refused == 0)
        }
    }

    @Test("without a signature that could be one are set aside", arguments: ["", "AAAA", "!", "<script>"])
    func badSignature(signature: String) async throws {
        try await withRelayDatabase { database in
            try insert(database, "mallory", signature: signature)
            #expect(try load(database, handles: ["mallory"]).refused == 1)
        }
    }

    @Test("whose times aren't times are set aside", arguments: ["last_seen_at", "expires_at", "created_at"])
    func wrongTimes(column: String) async throws {
        for value in [.text("abc"), .blob([1]), .real(0.5), .integer(.min), .integer(.max)] as [Value] {
            try await withRelayDatabase { database in
                try insert(database, "mallory")
                try await database.write { try $0.execute("UPDATE agent_profiles SET \(column) = ?1", value) }
                let loaded = try load(database, handles: ["mallory"])
                #expect(loaded.names.isEmpty, "\(column) \(value)")
                // One that only looks long gone is dropped like any other.
                #expect(loaded.refused == 1 || (column == "expires_at" && loaded.refused == 0))
                let left = try await database.read { try $0.integer("SELECT count(*) FROM agent_profiles") }
                #expect(left == 0)
            }
        }
    }

    @Test("an older one takes the place of a newer one only when that has run out")
    func order() async throws {
        try await withRelayDatabase { database in
            let store = ProfileStore(database)
            func write(_ updated: Int64, _ summary: String, now: Int64 = Self.now) async throws -> String {
                let members: [String: JSONValue] = ["summary": .string(summary)]
                let entry = try ProfileHouse.entry("alice", members, updatedAt: Self.now + updated)
                try await store.write(entry, now: now)
                let text = try await database.read { try $0.text("SELECT profile FROM agent_profiles") } ?? ""
                return try JSONParser.parse(ByteBuffer(string: text))["summary"]?.string ?? ""
            }
            var kept: [String] = []
            for (updated, summary) in [(5, "first"), (7, "newer"), (6, "late"), (7, "again")]
                as [(Int64, String)]
            {
                kept.append(try await write(updated, summary))
            }
            kept.append(try await write(6, "late", now: Self.now + 999_999))
            kept.append(try await write(6, "anew", now: Self.now + 1_000_000))
            #expect(kept == ["first", "newer", "newer", "again", "again", "anew"])
        }
    }

    @Test("removed is removed, and of who isn't there nothing is noted")
    func remove() async throws {
        try await withRelayDatabase { database in
            let store = ProfileStore(database)
            try insert(database, "alice")
            try insert(database, "bob", expiresAt: Self.now + 10)
            try await store.remove(.made("alice"))
            try await store.write(
                lastSeen: [(try .made("alice"), 5), (try .made("bob"), Self.now + 9)], now: Self.now)
            #expect(
                try load(database, handles: ["alice", "bob"]).entries.map(\.lastSeenAt) == [Self.now + 9])
            // The same call drops what is out of time.
            try await store.write(lastSeen: [], now: Self.now + 10)
            let left = try await database.read { try $0.integer("SELECT count(*) FROM agent_profiles") }
            #expect(left == 0)
        }
    }
}
