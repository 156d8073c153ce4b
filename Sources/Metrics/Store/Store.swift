import Foundation
public import SQLite

/// The metrics in the database: totals, minute points, hour points, and what is known of earlier runs.
///
/// A flush is one transaction that moves totals and points together, so whatever instant a crash hits, the
/// points add up to the totals. A point is the difference between two readings of the totals; folding the
/// same reading twice changes nothing.
public final class Store: Sendable {
    let database: Database
    /// 16 random bytes that tie the slot mapping to this store.
    public let uuid: [UInt8]
    /// When this store was made, ISO 8601 in UTC.
    public let firstBoot: String
    /// Totals by slot name, as the last run left them.
    let totals: [String: UInt64]
    /// Whether the last run ended by closing the store; true for a new store.
    public let endedCleanly: Bool

    /// How long points are kept.
    public struct Retention: Sendable {
        /// METRICS_HISTORY_RETENTION_MINUTES, minute points; 31 days by default as in the original.
        public var minutes: Int64 = 31 * 24 * 60
        /// METRICS_HOURLY_HISTORY_MAX, hour points; 5 years by default.
        public var hours: Int64 = 24 * 366 * 5
        public init() {}
    }
    let retention: Retention

    /// Prepares the tables and reads what earlier runs left.
    /// - Parameter now: Unix ms.
    public init(database: Database, retention: Retention = Retention(), now: Int64) throws {
        self.database = database
        self.retention = retention
        let boot = timestamp(now)
        let fresh = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        (uuid, firstBoot, totals, endedCleanly) = try database.write { connection in
            try Schema.prepare(connection)
            let uuidText = try Self.meta(connection, "uuid", otherwise: hex(fresh))
            let first = try Self.meta(connection, "first_boot_at", otherwise: boot)
            let clean = try Self.meta(connection, "ended_cleanly", otherwise: "1") == "1"
            try Self.setMeta(connection, "ended_cleanly", "0")
            try Self.setMeta(connection, "last_restart_at", boot)
            let rows = try connection.query("SELECT series, value FROM totals") { row in
                (row.text(0) ?? "", UInt64(bitPattern: row.integer(1) ?? 0))
            }
            return (
                unhex(uuidText) ?? fresh, first, Dictionary(rows, uniquingKeysWith: { $1 }), clean
            )
        }
    }

    /// One reading of everything, ready to be written.
    struct Flush: Sendable {
        /// The sample's time, Unix ms.
        let t: Int64
        let point: Point
        /// Totals that changed since the last flush.
        let changed: [(name: String, value: UInt64)]
    }

    /// Writes one flush in one transaction.
    func write(_ flush: Flush) async throws {
        let retention = self.retention
        try await database.write { connection in try Self.apply(flush, connection, retention) }
    }

    /// Writes the last flush of a run, waits for it, and notes that the run ended well.
    func writeLast(_ flush: Flush) throws {
        let retention = self.retention
        try database.write { connection in
            try Self.apply(flush, connection, retention)
            try Self.setMeta(connection, "ended_cleanly", "1")
        }
        try database.checkpoint()
    }

    private static func apply(_ flush: Flush, _ connection: Connection, _ retention: Retention) throws {
        try PointTable.minutes.fold(connection, flush.point, key: flush.t, width: minuteMilliseconds)
        let hour = floorTo(hourMilliseconds, flush.t)
        try PointTable.hours.fold(connection, flush.point, key: hour, width: hourMilliseconds)
        for (name, value) in flush.changed {
            // The slots were raised to the store's totals at start, so what they hold is never behind.
            try connection.execute(
                "INSERT OR REPLACE INTO totals (series, value) VALUES (?, ?)", .text(name),
                .integer(Int64(bitPattern: value)))
        }
        try PointTable.minutes.prune(connection, before: flush.t - retention.minutes * minuteMilliseconds)
        try PointTable.hours.prune(connection, before: flush.t - retention.hours * hourMilliseconds)
    }

    private static func meta(_ connection: Connection, _ name: String, otherwise: String) throws -> String {
        if let known = try connection.text("SELECT value FROM meta WHERE name = ?", .text(name)) {
            return known
        }
        try setMeta(connection, name, otherwise)
        return otherwise
    }

    private static func setMeta(_ connection: Connection, _ name: String, _ value: String) throws {
        try connection.execute(
            "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", .text(name), .text(value))
    }
}

/// `2026-06-15T12:34:30.192Z` for a Unix time in ms, as JavaScript's toISOString writes it.
public func timestamp(_ milliseconds: Int64) -> String {
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    return formatter.string(from: Date(timeIntervalSince1970: Double(milliseconds) / 1_000))
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func unhex(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count == 32 else { return nil }
    let bytes = stride(from: 0, to: 32, by: 2).compactMap {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
    }
    return bytes.count == 16 ? bytes : nil
}
