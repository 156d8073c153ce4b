import SQLite

/// The identities' part of the store: public keys, and the number of each inbox's last message.
///
/// A registration is on the disk before its 201 (synchronous=FULL); activity and inbox numbers follow once a
/// minute, for after a crash numbers start above the clock anyway.
struct IdentityStore: Sendable {
    private let database: Database

    init(_ database: Database) { self.database = database }

    /// Makes the tables when they aren't there.
    static func prepare(_ database: Database) throws {
        try database.write { connection in
            try connection.run(
                """
                CREATE TABLE IF NOT EXISTS identities (
                    handle TEXT PRIMARY KEY, box_pub TEXT NOT NULL, sign_pub TEXT NOT NULL,
                    registered_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                    last_seen_at INTEGER NOT NULL, bio TEXT, inbox_seq INTEGER NOT NULL DEFAULT 0,
                    proven_at INTEGER NOT NULL DEFAULT 0
                ) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS agent_profiles (
                    handle TEXT PRIMARY KEY, profile TEXT NOT NULL, profile_sig TEXT NOT NULL,
                    updated_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
                    created_at INTEGER NOT NULL
                ) WITHOUT ROWID;
                CREATE INDEX IF NOT EXISTS agent_profiles_expiry ON agent_profiles (expires_at);
                CREATE TABLE IF NOT EXISTS inbox_floor (
                    id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL
                );
                CREATE TABLE IF NOT EXISTS refused_records (
                    kind TEXT NOT NULL, refused_at INTEGER NOT NULL, record TEXT NOT NULL
                );
                """)
        }
    }

    private static let columns = [
        "handle", "box_pub", "sign_pub", "registered_at", "updated_at", "last_seen_at", "bio", "inbox_seq",
        "proven_at",
    ]

    /// Reads every identity. A malformed one goes to `refused_records`, so that it can harm nobody and is
    /// not lost either.
    func load(now: Int64) throws -> (identities: [Identity], refused: Int) {
        try database.write { connection in
            var identities: [Identity] = []
            let refused = try RefusedRecords.collect(
                "SELECT \(Self.columns.joined(separator: ", ")) FROM identities", columns: Self.columns,
                connection
            ) { row in
                guard let identity = Self.identity(row, now: now) else { return false }
                identities.append(identity)
                return true
            }
            try refused.setAside(from: "identities", now: now, connection)
            return (identities, refused.count)
        }
    }

    /// Handle and keys must be what they were; a time that can't be one costs nobody a name, as in the original.
    private static func identity(_ row: Row, now: Int64) -> Identity? {
        guard let handle = row.storedText(0).flatMap({ Handle($0) }), let box = row.storedText(1),
            let sign = row.storedText(2)
        else { return nil }
        let registered = row.time(3) ?? now
        let updated = row.time(4) ?? registered
        return Identity(
            handle: handle, boxKey: box, signKey: sign, bio: row.storedText(6)?.prefixUTF16(280),
            registeredAt: registered, updatedAt: updated, lastSeenAt: row.time(5) ?? updated,
            inboxSeq: UInt64(row.time(7) ?? 0), provenAt: row.time(8) ?? now)
    }

    /// Writes a new identity, and removes the one that makes way for it. On the disk when this returns.
    func write(_ identity: Identity, removing leaving: Handle? = nil) async throws {
        try await database.writeDurably { connection in
            if let leaving {
                try connection.execute("DELETE FROM identities WHERE handle = ?1", .text(leaving.text))
                try connection.execute("DELETE FROM agent_profiles WHERE handle = ?1", .text(leaving.text))
            }
            try Self.write(identity, connection)
        }
    }

    /// The number that no inbox goes below, set after the last crash.
    func loadFloor() throws -> UInt64 {
        let stored = try database.write { try $0.integer("SELECT number FROM inbox_floor") } ?? 0
        return (0...Row.timeMax).contains(stored) ? UInt64(stored) : 0
    }

    /// Writes what has changed of many, and the number that no inbox goes below.
    func write(_ identities: [Identity], floor: UInt64) async throws {
        try await database.write { connection in
            try connection.execute(
                "INSERT OR REPLACE INTO inbox_floor (id, number) VALUES (1, ?1)",
                .integer(Int64(clamping: floor)))
            for identity in identities {
                try connection.execute(
                    """
                    UPDATE identities SET updated_at = ?2, last_seen_at = ?3, inbox_seq = ?4
                    WHERE handle = ?1
                    """, .text(identity.handle.text), .integer(identity.updatedAt),
                    .integer(identity.lastSeenAt), .integer(Int64(clamping: identity.inboxSeq)))
            }
        }
    }

    /// Writes an identity unless the handle is taken.
    /// - Returns: whether it was free.
    static func insert(_ identity: Identity, _ connection: Connection) throws -> Bool {
        let taken = try connection.integer(
            "SELECT 1 FROM identities WHERE handle = ?1", .text(identity.handle.text))
        if taken == nil { try write(identity, connection) }
        return taken == nil
    }

    private static func write(_ identity: Identity, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO identities (handle, box_pub, sign_pub, registered_at, updated_at, last_seen_at, bio,
                inbox_seq, proven_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            """, .text(identity.handle.text), .text(identity.boxKey), .text(identity.signKey),
            .integer(identity.registeredAt), .integer(identity.updatedAt), .integer(identity.lastSeenAt),
            identity.bio.map { .text($0) } ?? .null, .integer(Int64(clamping: identity.inboxSeq)),
            .integer(identity.provenAt))
    }

    /// Writes an owner's update, unless a later one is there. On the disk when this returns.
    func renew(_ identity: Identity) async throws {
        try await database.writeDurably { connection in
            try connection.execute(
                """
                UPDATE identities SET box_pub = ?2, updated_at = ?3, last_seen_at = ?4, proven_at = ?5
                WHERE handle = ?1 AND (proven_at < ?5 OR (proven_at = ?5 AND box_pub <= ?2))
                """, .text(identity.handle.text), .text(identity.boxKey), .integer(identity.updatedAt),
                .integer(identity.lastSeenAt), .integer(identity.provenAt))
        }
    }
}

extension Row {
    /// What JavaScript's dates end at; inbox numbers begin as times.
    static let timeMax: Int64 = 8_640_000_000_000_000

    /// A time in Unix ms, or a number that began as one; nil for what can't be.
    func time(_ column: Int32) -> Int64? {
        storedInteger(column).flatMap { (0...Self.timeMax).contains($0) ? $0 : nil }
    }
}
