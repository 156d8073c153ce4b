import Atomics
public import Foundation
public import SQLite

/// The metrics in the database: totals, points of minutes, hours and days, visits by country, and what is
/// known of earlier runs.
///
/// A flush is one transaction that moves totals and points together, so whatever instant a crash hits, the
/// points add up to the totals. A point is the difference between two readings of the totals; folding the
/// same reading twice changes nothing.
public final class Store: Sendable {
    public let database: Database
    /// 16 random bytes that tie the slot mapping to this store.
    public let uuid: [UInt8]
    /// When this store was made, ISO 8601 in UTC.
    public let firstBoot: String
    /// Totals by slot name, as the last run left them.
    let totals: [String: UInt64]
    /// Whether the last run ended by closing the store; true for a new store.
    public let endedCleanly: Bool
    /// When the last sample of earlier runs was taken, Unix ms; 0 when there was none.
    let newestSampleAt: Int64
    /// When the store before this one, or a part of it, was set aside, Unix ms; 0: never.
    let setAsideAt: Int64
    public let retention: Retention
    /// STATS_TZ: the zone of calendar days.
    public let timeZone: TimeZone
    let zone: String
    /// The numbers of the slots' series, in slot order.
    private let series: [Int64]
    /// A reader met a damaged page; the next flush looks what it was.
    let isSuspect = ManagedAtomic<Bool>(false)

    /// Prepares the tables and reads what earlier runs left.
    /// - Parameters:
    ///   - timeZone: STATS_TZ.
    ///   - now: Unix ms.
    public init(
        database: Database, retention: Retention = Retention(), timeZone: TimeZone = .gmt, now: Int64
    ) throws {
        self.database = database
        self.retention = retention
        self.timeZone = timeZone
        let zone = LocalDays.name(of: timeZone)
        self.zone = zone
        let boot = timestamp(now)
        let fresh = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        (
            uuid, firstBoot, totals, endedCleanly, series, newestSampleAt, setAsideAt
        ) = try database.write { connection in
            try Schema.prepare(connection)
            var uuidText = try Self.meta(connection, "uuid", otherwise: hex(fresh))
            if unhex(uuidText) == nil {
                // Damage: with a new one each start, the counters' file would never be this store's.
                uuidText = hex(fresh)
                try Self.setMeta(connection, "uuid", uuidText)
            }
            let first = try Self.meta(connection, "first_boot_at", otherwise: boot)
            let clean = try Self.meta(connection, "ended_cleanly", otherwise: "1") == "1"
            try Self.setMeta(connection, "ended_cleanly", "0")
            try Self.setMeta(connection, "last_restart_at", boot)
            // A store that doesn't say was made before days of other zones were kept.
            let previous = try Self.meta(connection, "stats_tz", otherwise: LocalDays.utcName)
            if previous != zone {
                if zone != LocalDays.utcName { try Days.rebuild(connection, zone: zone) }
                try Self.setMeta(connection, "stats_tz", zone)
            }
            return (
                unhex(uuidText) ?? fresh, first, try SeriesTotals.read(connection), clean,
                try SeriesTotals.identifiers(connection),
                try PointTable.minutes.newestTime(connection) ?? 0,
                Int64(try Self.meta(connection, "set_aside_at", otherwise: "0")) ?? 0
            )
        }
    }

    /// Whether nothing was ever counted into it: a start that was refused leaves an empty file behind.
    public static func isNew(_ database: Database) throws -> Bool {
        try database.write {
            try $0.integer("SELECT count(*) FROM sqlite_master WHERE name = 'meta'") == 0
        }
    }

    /// Writes one flush in one transaction.
    func write(_ flush: Flush) async throws {
        try await database.write { [self] connection in
            try Self.apply(flush, connection, retention, zone: zone, series: series)
        }
    }

    /// Writes the last flush of a run, waits for it, and notes that the run ended well.
    func writeLast(_ flush: Flush) throws {
        try database.write { connection in
            try Self.apply(flush, connection, retention, zone: zone, series: series)
            try Self.setMeta(connection, "ended_cleanly", "1")
        }
        try database.checkpoint()
    }

    /// Sets aside the tables of history that are damaged, under another name in the same file, and makes new
    /// ones in their place; identities and totals stay in use.
    /// - Parameter t: Unix ms.
    /// - Returns: the names of the tables it set aside.
    func setDamagedAside(at t: Int64) async throws -> [String] {
        let damaged = try await database.damaged(among: Schema.history)
        guard !damaged.isEmpty else { return [] }
        try await database.write { [zone] connection in
            for table in damaged {
                var place = 1
                let known = "SELECT count(*) FROM sqlite_master WHERE name = ?"
                while try connection.integer(known, .text("\(table)_damaged_\(place)")) != 0 { place += 1 }
                try connection.run("ALTER TABLE \(table) RENAME TO \(table)_damaged_\(place)")
            }
            try Schema.prepare(connection)
            try Self.setMeta(connection, "set_aside_at", String(t))
            if damaged.contains("days") {
                for zone in Set([LocalDays.utcName, zone]) { try Days.rebuild(connection, zone: zone) }
            }
        }
        return damaged
    }

    /// Notes that the store before this one was set aside.
    /// - Parameter t: Unix ms.
    func noteSetAside(at t: Int64) throws {
        try database.write { try Self.setMeta($0, "set_aside_at", String(t)) }
    }

    static func meta(_ connection: Connection, _ name: String, otherwise: String) throws -> String {
        if let known = try connection.text("SELECT value FROM meta WHERE name = ?", .text(name)) {
            return known
        }
        try setMeta(connection, name, otherwise)
        return otherwise
    }

    static func setMeta(_ connection: Connection, _ name: String, _ value: String) throws {
        try connection.execute(
            "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", .text(name), .text(value))
    }
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
