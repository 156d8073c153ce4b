import Web
import SQLite

/// Sessions of people who logged in. The store holds hashes only: whoever reads the disk can't become one.
///
/// A session's hash is keyed with the token it was opened with, so a changed token ends all of them.
struct Sessions: Sendable {
    private let database: Database
    private let token: Secret
    private let clock: @Sendable () -> Int64

    /// How long a session lasts.
    static let lifetimeSeconds: Int64 = 7 * 24 * 60 * 60
    /// At most this many are kept; the oldest go first.
    private static let sessionsMax = 1_000

    /// - Parameter clock: Unix ms.
    init(database: Database, token: Secret, clock: @escaping @Sendable () -> Int64) throws {
        self.database = database
        self.token = token
        self.clock = clock
        try Self.prepare(database)
        try database.write { try Self.forgetIfChanged(token, $0) }
    }

    /// Makes the tables and reads them once, so that damage shows at the start.
    static func prepare(_ database: Database) throws {
        try database.write { connection in
            try connection.run(
                """
                CREATE TABLE IF NOT EXISTS sessions (
                    hash BLOB PRIMARY KEY, expires_at INTEGER NOT NULL
                ) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS session_token (
                    id INTEGER PRIMARY KEY CHECK (id = 1), salt BLOB NOT NULL, mark BLOB NOT NULL
                );
                """)
            _ = try connection.query("SELECT hash FROM sessions") { $0.blob(0) }
            _ = try connection.query("SELECT mark FROM session_token") { $0.blob(0) }
        }
    }

    /// Ends all sessions when the token isn't the last run's: going back to it must not bring them back.
    ///
    /// The mark is 16 bits of a salted hash: enough to notice, too little to try guesses of the token on.
    private static func forgetIfChanged(_ token: Secret, _ connection: Connection) throws {
        let known = try connection.query("SELECT salt, mark FROM session_token") {
            ($0.blob(0) ?? [], $0.blob(1) ?? [])
        }
        if let (salt, mark) = known.first, salt.count == 32,
            Array(SecretBytes.hash(token.bytes, key: salt).prefix(2)) == mark
        {
            return
        }
        let salt = SecretBytes.random(32)
        try connection.run("DELETE FROM sessions")
        try connection.execute(
            "INSERT OR REPLACE INTO session_token (id, salt, mark) VALUES (1, ?, ?)", .blob(salt),
            .blob(Array(SecretBytes.hash(token.bytes, key: salt).prefix(2))))
    }

    /// Opens a session; the id goes into the cookie and nowhere else.
    func open() async throws -> String {
        let id = SecretBytes.urlSafeText(SecretBytes.random(32))
        let stored = fingerprint(id)
        let now = clock()
        try await database.write { connection in
            try connection.execute("DELETE FROM sessions WHERE expires_at <= ?", .integer(now))
            try connection.execute(
                "DELETE FROM sessions WHERE hash NOT IN (SELECT hash FROM sessions ORDER BY expires_at DESC LIMIT ?)",
                .integer(Int64(Self.sessionsMax - 1)))
            try connection.execute(
                "INSERT INTO sessions (hash, expires_at) VALUES (?, ?)", .blob(stored),
                .integer(now + Self.lifetimeSeconds * 1_000))
        }
        return id
    }

    /// An open session, as long as it is checked again.
    struct Ticket: Hashable, Sendable {
        fileprivate let hash: [UInt8]
    }

    /// The open session that the id belongs to; nil when there is none.
    func ticket(of id: String) async throws -> Ticket? {
        let ticket = Ticket(hash: fingerprint(id))
        return try await open([ticket]).first
    }

    /// Those of the sessions that are still open.
    func open(_ tickets: Set<Ticket>) async throws -> Set<Ticket> {
        let now = clock()
        return try await database.read { connection in
            try tickets.filter {
                try connection.integer(
                    "SELECT 1 FROM sessions WHERE hash = ? AND expires_at > ?", .blob($0.hash), .integer(now))
                    != nil
            }
        }
    }

    /// Ends a session.
    func close(_ id: String) async throws {
        let stored = fingerprint(id)
        // A power cut must not bring it back.
        try await database.writeDurably {
            try $0.execute("DELETE FROM sessions WHERE hash = ?", .blob(stored))
        }
    }

    private func fingerprint(_ id: String) -> [UInt8] {
        // The id is 256 random bits, so the stored hash can't be searched for the token.
        SecretBytes.hash(
            Array(id.utf8), key: SecretBytes.hash(token.bytes, key: Array("signalbox session".utf8)))
    }
}
