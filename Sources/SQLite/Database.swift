import Dispatch
import Foundation

/// One SQLite file with one writer and one reader, each on its own serial queue, never on an event loop.
///
/// WAL lets the reader see the last committed state while the writer works. Writes are serial, so a
/// transaction never meets SQLITE_BUSY from another one of ours.
public final class Database: Sendable {
    /// Where the file is.
    public let path: String
    private let writer: Slot
    private let reader: Slot

    /// The file was not ours or not readable and now has this name instead.
    public struct SetAside: Sendable {
        public let movedTo: String
        public let reason: String
    }

    /// A connection that is only touched on its queue.
    ///
    /// `@unchecked Sendable` is safe: `connection` is reached through `queue.sync`/`queue.async` alone.
    private final class Slot: @unchecked Sendable {
        let queue: DispatchQueue
        let connection: Connection
        init(label: String, connection: Connection) {
            queue = DispatchQueue(label: label)
            self.connection = connection
        }
    }

    /// "SGBX": marks a file as Signalbox's, see https://www.sqlite.org/pragma.html#pragma_application_id.
    static let applicationID: Int64 = 0x5347_4258

    /// Whether a file that was opened says that it is Signalbox's.
    public static func isOurs(_ connection: Connection) throws -> Bool {
        try connection.integer("PRAGMA application_id") == applicationID
    }

    /// Opens or makes the file and has `prepare` read what a start needs of it. A file that can't be read or
    /// belongs to another application is moved aside with its date, never overwritten, and a new one is
    /// made; `setAside` then says so. Damage often shows at the first read only, so `prepare` counts too.
    public static func open<T>(
        path: String, prepare: (Database) throws -> T
    ) throws -> (prepared: T, setAside: SetAside?) {
        do {
            return (try prepare(Database(path: path)), nil)
        } catch let error as SQLiteError where error.isUnreadable {
            let target = try moveAside(path)
            return (try prepare(Database(path: path)), SetAside(movedTo: target, reason: error.message))
        }
    }

    /// Opens or makes the file; see ``open(path:prepare:)``.
    public static func open(path: String) throws -> (database: Database, setAside: SetAside?) {
        let (database, setAside) = try open(path: path) { $0 }
        return (database, setAside)
    }

    private init(path: String) throws {
        self.path = path
        let connection = try Connection(path: path)
        // Not ours? Then leave it untouched, journal mode included.
        let owner = try connection.integer("PRAGMA application_id") ?? 0
        let tables = try connection.integer("SELECT count(*) FROM sqlite_master") ?? 0
        guard owner == Self.applicationID || (owner == 0 && tables == 0) else {
            throw SQLiteError(code: 26, message: "the file belongs to another application")
        }
        // Half of SQLite's own: a flush changes a few bytes in each of a dozen pages, and writes them whole.
        if tables == 0 { try connection.run("PRAGMA page_size = 2048") }
        // Only once: a write at every start would need space on a full disk.
        if owner == 0 { try connection.run("PRAGMA application_id = \(Self.applicationID)") }
        // Group and others have no business in the operator's numbers.
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        _ = try connection.text("PRAGMA journal_mode = WAL")
        try connection.run(
            """
            PRAGMA synchronous = NORMAL;
            PRAGMA foreign_keys = ON;
            PRAGMA wal_autocheckpoint = 400;
            PRAGMA journal_size_limit = 1048576;
            PRAGMA cache_size = -1024;
            """)
        writer = Slot(label: "signalbox.sqlite.writer", connection: connection)
        let second = try Connection(path: path, mode: .readOnly)
        try second.run("PRAGMA cache_size = -1024")
        reader = Slot(label: "signalbox.sqlite.reader", connection: second)
    }

    private static func moveAside(_ path: String) throws -> String {
        let stamp = ISO8601DateFormatter().string(from: Date()).replacingOccurrences(of: ":", with: "")
        var target = "\(path).set-aside-\(stamp)"
        var attempt = 1
        while FileManager.default.fileExists(atPath: target) {
            attempt += 1
            target = "\(path).set-aside-\(stamp)-\(attempt)"
        }
        try FileManager.default.moveItem(atPath: path, toPath: target)
        for suffix in ["-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.moveItem(atPath: path + suffix, toPath: target + suffix)
        }
        return target
    }

    /// Runs `body` in one transaction on the writer's queue and waits for it.
    public func write<T: Sendable>(_ body: @Sendable (Connection) throws -> T) throws -> T {
        try writer.queue.sync { try writer.connection.transaction { try body(writer.connection) } }
    }

    /// Runs `body` in one transaction on the writer's queue.
    public func write<T: Sendable>(_ body: @escaping @Sendable (Connection) throws -> T) async throws -> T {
        try await on(writer) { connection in try connection.transaction { try body(connection) } }
    }

    /// The same, and on the disk when it returns: it outlives a power cut, not only a crash.
    public func writeDurably<T: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> T
    ) async throws -> T {
        try await on(writer) { connection in
            // It can't be changed within a transaction.
            try connection.run("PRAGMA synchronous = FULL")
            defer { try? connection.run("PRAGMA synchronous = NORMAL") }
            return try connection.transaction { try body(connection) }
        }
    }

    /// Runs `body` in one transaction on the reader's queue: all of it sees the store as it was at one moment.
    /// It can't change anything.
    public func read<T: Sendable>(_ body: @escaping @Sendable (Connection) throws -> T) async throws -> T {
        try await on(reader) { connection in
            try connection.run("BEGIN")
            // Nothing was written: to end it is all there is to do, however it went.
            defer { try? connection.run("ROLLBACK") }
            return try body(connection)
        }
    }

    /// Brings the WAL back into the file, so that a copy of the file alone is complete.
    public func checkpoint() throws {
        try writer.queue.sync { try writer.connection.run("PRAGMA wal_checkpoint(TRUNCATE)") }
    }

    /// The tables that SQLite's own check finds damaged on the disk, whatever is still whole in memory.
    public func damaged(among tables: [String]) async throws -> [String] {
        try await on(writer) { connection in
            try connection.run("PRAGMA shrink_memory")
            // Each check is a transaction of its own: one that met damage can do nothing more.
            return try tables.filter { table in
                do { return try connection.text("PRAGMA integrity_check(\(table))") != "ok" } catch let error
                    as SQLiteError where error.isUnreadable
                {
                    return true
                }
            }
        }
    }

    /// Bytes of the file and its WAL on disk.
    public var bytesOnDisk: Int64 {
        [path, path + "-wal"].reduce(0) { sum, file in
            let size = try? FileManager.default.attributesOfItem(atPath: file)[.size] as? NSNumber
            return sum + (size?.int64Value ?? 0)
        }
    }

    private func on<T: Sendable>(
        _ slot: Slot, _ body: @escaping @Sendable (Connection) throws -> T
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            slot.queue.async { continuation.resume(with: Result { try body(slot.connection) }) }
        }
    }
}
