import Logging
import NIOCore
import SQLite
import SignalboxMetrics
import Testing
import Web
@testable import Relay

@Suite("Stored records that are not what was written")
struct MalformedRecordsTests {
    private static let key = String(repeating: "A", count: 43) + "="
    private static let insert = """
        INSERT INTO identities (handle, box_pub, sign_pub, registered_at, updated_at, last_seen_at)
        VALUES (?1, ?2, ?3, ?4, 0, 0)
        """

    /// A row that is fine but for what is given.
    private static func row(
        handle: Value = .text("mallory"), box: Value = .text(key), sign: Value = .text(key),
        registered: Value = .integer(1)
    ) -> [Value] { [handle, box, sign, registered] }

    private static let malformed: [(name: String, row: [Value])] = [
        ("an empty handle", row(handle: .text(""))), ("upper case", row(handle: .text("Mallory"))),
        ("a path", row(handle: .text("../mallory"))),
        ("a long handle", row(handle: .text(String(repeating: "a", count: 33)))),
        ("a handle with a NUL", row(handle: .text("mal\0lory"))), ("a number", row(handle: .integer(7))),
        ("a look-alike", row(handle: .text("mаllory"))), ("no box key", row(box: .text(""))),
        ("a short key", row(box: .text("AAAA"))),
        ("no base64", row(box: .text(String(repeating: "!", count: 44)))),
        ("a key with spare bits", row(box: .text(String(repeating: "A", count: 42) + "B="))),
        ("a number for a key", row(sign: .integer(5))),
        ("a long signing key", row(sign: .text(key + "AAAA"))),
        ("bytes that are no text", row(sign: .blob([0xff, 0xfe, 0]))),
        ("a script", row(sign: .text("<script>"))),
        ("bytes that read as a handle", row(handle: .blob(Array("mallory".utf8)))),
        ("bytes for a handle", row(handle: .blob([0, 0xff, 0x41]))),
        ("bytes that read as a key", row(box: .blob(Array(key.utf8)))),
        ("JSON in a handle", row(handle: .text("[\"alice\"]"))), ("a real for a key", row(box: .real(1.5))),
    ]

    @Test("are set aside for the operator, and the rest loads", arguments: malformed.indices)
    func setAside(index: Int) async throws {
        let (name, row) = Self.malformed[index]
        try await withRelayDatabase { database in
            let alice = try Signer("alice").identity()
            let store = IdentityStore(database)
            try await store.write(alice)
            try await database.write { try $0.execute(Self.insert, row[0], row[1], row[2], row[3]) }
            let loaded = try store.load(now: 77)
            #expect(loaded.identities == [alice] && loaded.refused == 1, "\(name)")
            let kept = try await database.read {
                try $0.query("SELECT kind, refused_at, record FROM refused_records") {
                    (kind: $0.text(0), at: $0.integer(1), record: $0.text(2) ?? "")
                }
            }
            #expect(kept.map(\.kind) == ["identities"] && kept.map(\.at) == [77])
            let record = try JSONParser.parse(ByteBuffer(string: try #require(kept.first).record))
            #expect(record["handle"] != nil && record["proven_at"] == .number(0))
            // Once only: it is gone from where it stood.
            #expect(try store.load(now: 78).refused == 0)
        }
    }

    @Test("the record that is kept shows what was there, bytes in hex")
    func record() async throws {
        try await withRelayDatabase { database in
            let row = Self.row(handle: .text("Näme"), box: .blob([0, 0xff]), registered: .integer(42))
            try await database.write { try $0.execute(Self.insert, row[0], row[1], row[2], row[3]) }
            _ = try IdentityStore(database).load(now: 0)
            let text = try await database.read { try $0.text("SELECT record FROM refused_records") }
            let record = try JSONParser.parse(ByteBuffer(string: try #require(text)))
            #expect(record["handle"] == .string("Näme"))
            #expect(record["registered_at"] == .number(42))
            #expect(record["bio"] == .null)
        }
    }

    @Test("NULL where the table allows it, as in a file that somebody else made")
    func nulls() async throws {
        try await withRelayDatabase { database in
            try await database.write { connection in
                try connection.run(
                    """
                    DROP TABLE identities;
                    CREATE TABLE identities (handle TEXT PRIMARY KEY, box_pub, sign_pub, registered_at,
                        updated_at, last_seen_at, bio, inbox_seq, proven_at);
                    INSERT INTO identities (handle) VALUES ('bare');
                    INSERT INTO identities (handle, box_pub) VALUES ('half', '\(Self.key)');
                    INSERT INTO identities (handle, box_pub, sign_pub)
                        VALUES ('keys', '\(Self.key)', '\(Self.key)');
                    INSERT INTO identities (handle, box_pub, sign_pub, registered_at)
                        VALUES ('times', '\(Self.key)', '\(Self.key)', 9);
                    """)
            }
            let loaded = try IdentityStore(database).load(now: 77)
            #expect(loaded.refused == 2)
            let identities = loaded.identities.sorted { $0.handle.text < $1.handle.text }
            #expect(identities.map(\.handle.text) == ["keys", "times"])
            #expect(identities.map(\.registeredAt) == [77, 9])
            #expect(identities.map(\.lastSeenAt) == [77, 9])
            #expect(identities.map(\.inboxSeq) == [0, 0])
            let again = try IdentityStore(database).load(now: 77).refused
            #expect(again == 0)
        }
    }

    @Test("a handle that isn't UTF-8 is set aside too, and found again to be taken out")
    func notUTF8() async throws {
        try await withRelayDatabase { database in
            let row = Self.row()
            try await database.write { connection in
                try connection.execute(Self.insert, row[0], row[1], row[2], row[3])
                try connection.run("UPDATE identities SET handle = CAST(x'ff6162' AS TEXT)")
            }
            let refused = try (0..<2).map { try IdentityStore(database).load(now: Int64($0)).refused }
            #expect(refused == [1, 0])
        }
    }

    @Test("bytes that read as somebody's handle don't stand in its place")
    func impostor() async throws {
        try await withRelayDatabase { database in
            let alice = try Signer("alice").identity()
            let store = IdentityStore(database)
            try await store.write(alice)
            let row = Self.row(handle: .blob(Array("alice".utf8)))
            try await database.write { try $0.execute(Self.insert, row[0], row[1], row[2], row[3]) }
            #expect(try store.load(now: 0).identities == [alice])
            #expect(try store.load(now: 0).identities == [alice])
        }
    }

    @Test(
        "times that can't be ones cost nobody the name, and the server no crash",
        arguments: [.integer(.min), .integer(.max), .integer(-1), .text("abc"), .blob([1, 2]), .real(1e300)]
            as [Value])
    func wrongTimes(value: Value) async throws {
        try await withRelayDatabase { database in
            try await database.write {
                try $0.execute(
                    "INSERT INTO identities VALUES ('alice', ?1, ?1, ?2, ?2, ?2, NULL, ?2, ?2)",
                    .text(Self.key), value)
            }
            let now: Int64 = 1_700_000_000_000
            let alice = try #require(try IdentityStore(database).load(now: now).identities.first)
            #expect(
                (alice.registeredAt, alice.updatedAt, alice.lastSeenAt, alice.provenAt) == (
                    now, now, now, now
                ))
            #expect(alice.inboxSeq == 0)
            let book = IdentityBook(
                limits: IdentityLimits(), stored: [alice], meter: Meter(),
                clock: House.Clock(now + 60_000).wall)
            book.touch(alice.handle)
            #expect(book.find(alice.handle)?.lastSeenAt == now + 60_000)
            #expect(book.nextInboxNumber(alice.handle) == UInt64(now + 60_001))
        }
    }

    @Test("a bio that is too long is cut, and an inbox number below 0 counts as none")
    func lenient() async throws {
        try await withRelayDatabase { database in
            try await database.write {
                try $0.execute(
                    """
                    INSERT INTO identities VALUES ('alice', ?1, ?1, 1, 1, 1, ?2, -5, 0)
                    """, .text(Self.key), .text(String(repeating: "🚂", count: 200)))
            }
            let alice = try #require(try IdentityStore(database).load(now: 0).identities.first)
            #expect(alice.bio == String(repeating: "🚂", count: 140))
            #expect(alice.inboxSeq == 0)
        }
    }

    @Test("are counted and reported at the start")
    func reported() async throws {
        try await withRelayDatabase { database in
            let row = Self.row(box: .text(""))
            try await database.write { try $0.execute(Self.insert, row[0], row[1], row[2], row[3]) }
            let store = try RelayStore(database, limits: IdentityLimits(), now: 0)
            #expect(store.refused == 1)
            let meter = Meter()
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            _ = RelayState(
                rooms: RoomLimits(), identities: IdentityLimits(), store: store, isAfterCrash: false,
                meter: meter, clock: House.Clock(0).wall, logger: logger)
            #expect(meter.total(.recordsRefused) == 1)
        }
    }
}
