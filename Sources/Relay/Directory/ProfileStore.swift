import NIOCore
import SQLite
import Web

/// The directory's part of the store.
struct ProfileStore: Sendable {
    private let database: Database

    init(_ database: Database) { self.database = database }

    private static let columns = [
        "handle", "profile", "profile_sig", "updated_at", "last_seen_at", "expires_at", "created_at",
    ]

    /// Reads every profile of a known handle that is in time. A malformed one goes to `refused_records`.
    func load(
        handles: Set<Handle>, now: Int64, limits: IdentityLimits
    ) throws -> (entries: [Directory.Entry], refused: Int) {
        try database.write { connection in
            try connection.execute(
                "DELETE FROM agent_profiles WHERE typeof(expires_at) = 'integer' AND expires_at <= ?1",
                .integer(now))
            var entries: [Directory.Entry] = []
            let refused = try RefusedRecords.collect(
                "SELECT \(Self.columns.joined(separator: ", ")) FROM agent_profiles", columns: Self.columns,
                connection
            ) { row in
                guard let entry = Self.entry(row, now, limits), handles.contains(entry.handle) else {
                    return false
                }
                entries.append(entry)
                return true
            }
            try refused.setAside(from: "agent_profiles", now: now, connection)
            return (entries, refused.count)
        }
    }

    private static func entry(_ row: Row, _ now: Int64, _ limits: IdentityLimits) -> Directory.Entry? {
        guard let handle = row.storedText(0).flatMap({ Handle($0) }),
            let sent = row.storedText(1).flatMap({ try? JSONParser.parse(ByteBuffer(string: $0)) }),
            case .object(let values) = sent, values["handle"] == .string(handle.text),
            let signature = row.storedText(2), Base64.canonicalLength(signature) == Ed25519.signatureBytes,
            let index = try? AgentProfile(
                sent, handle: handle, now: now, freshness: nil, lifetime: limits.profileMilliseconds),
            AgentProfile.unpublishable(values, index, now: now).allSatisfy({ $0 == "expires_at" }),
            let profile = try? AgentProfile.asSent(values), let lastSeen = row.time(4),
            let expires = row.time(5), let created = row.time(6)
        else { return nil }
        return Directory.Entry(
            // The same values are kept once.
            handle: handle, profile: index.values == values ? index : profile, index: index,
            signature: signature,
            lastSeenAt: lastSeen, expiresAt: expires, createdAt: created)
    }

    /// Writes an entry, unless a newer one is there; on the disk when this returns.
    func write(_ entry: Directory.Entry, now: Int64) async throws {
        try await database.writeDurably { connection in
            try connection.execute(
                """
                \(Self.insertion)
                ON CONFLICT (handle) DO UPDATE SET profile = excluded.profile,
                    profile_sig = excluded.profile_sig, updated_at = excluded.updated_at,
                    last_seen_at = excluded.last_seen_at, expires_at = excluded.expires_at
                WHERE excluded.updated_at >= agent_profiles.updated_at OR agent_profiles.expires_at <= ?8
                """, Self.values(entry) + [.integer(now)])
        }
    }

    /// Writes an entry unless the handle has one.
    /// - Returns: whether it had none.
    static func insert(_ entry: Directory.Entry, _ connection: Connection) throws -> Bool {
        try connection.execute("\(insertion) ON CONFLICT (handle) DO NOTHING", values(entry))
        return try connection.integer("SELECT changes()") == 1
    }

    private static let insertion = """
        INSERT INTO agent_profiles
            (handle, profile, profile_sig, updated_at, last_seen_at, expires_at, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """

    private static func values(_ entry: Directory.Entry) -> [Value] {
        [
            .text(entry.handle.text), .text(entry.profile.canonical), .text(entry.signature),
            .integer(entry.profile.updatedAt), .integer(entry.lastSeenAt), .integer(entry.expiresAt),
            .integer(entry.createdAt),
        ]
    }

    /// An entry of the original's file: its profile made clean as the original does when it loads it.
    static func entry(
        _ handle: Handle, _ record: JSONValue, now: Int64, _ limits: IdentityLimits
    ) -> Directory.Entry? {
        let sent = BookImport.profile(record)
        guard let signature = record["profile_sig"]?.string,
            Base64.canonicalLength(signature) == Ed25519.signatureBytes,
            let profile = try? AgentProfile(
                sent, handle: handle, now: now, freshness: nil, lifetime: limits.profileMilliseconds)
        else { return nil }
        return Directory.Entry(
            handle: handle, profile: profile, index: profile, signature: signature,
            lastSeenAt: BookImport.time(record["last_seen_at"]) ?? profile.updatedAt,
            expiresAt: profile.expiresAt, createdAt: BookImport.time(record["created_at"]) ?? now)
    }

    /// Removes an entry; off the disk when this returns.
    func remove(_ handle: Handle) async throws {
        try await database.writeDurably { connection in
            try connection.execute("DELETE FROM agent_profiles WHERE handle = ?1", .text(handle.text))
        }
    }

    /// Writes when agents were last seen, and drops what is out of time.
    func write(lastSeen: [(handle: Handle, lastSeenAt: Int64)], now: Int64) async throws {
        try await database.write { connection in
            for one in lastSeen {
                try connection.execute(
                    "UPDATE agent_profiles SET last_seen_at = ?2 WHERE handle = ?1", .text(one.handle.text),
                    .integer(one.lastSeenAt))
            }
            try connection.execute("DELETE FROM agent_profiles WHERE expires_at <= ?1", .integer(now))
        }
    }
}
