import Foundation
import Logging
import SQLite
@testable import SignalboxMetrics

/// A start of the metrics module over files in one directory, as the server makes it; making another over
/// the same directory is a restart.
struct Bench {
    /// The start of a UTC hour, Unix ms.
    static let hour: Int64 = 486_110 * 3_600_000
    static let minute: Int64 = 60_000

    let store: Store
    let metrics: Metrics
    var meter: Meter { metrics.meter }

    /// - Parameter counters: whether the live counters lie in a mapping, as they do by default.
    init(
        _ directory: URL, now: Int64 = Bench.hour, counters: Bool = false,
        retention: Store.Retention = .init(),
        gauges: [any GaugeSource] = []
    ) throws {
        let path = directory.appending(path: "signalbox.sqlite").path
        let database = try Database.open(path: path).database
        store = try Store(database: database, retention: retention, now: now)
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        metrics = Metrics(
            store: store, countersPath: counters ? directory.appending(path: "counters").path : nil,
            sources: { _ in gauges }, now: now, logger: quiet)
    }

    func minutes() async throws -> [Point] {
        try await store.database.read { try PointTable.minutes.points($0, from: .min) }
    }

    func hours() async throws -> [Point] {
        try await store.database.read { try PointTable.hours.points($0, from: .min) }
    }

    /// Writes points as earlier runs would have left them.
    func put(_ points: [Point], in table: PointTable) async throws {
        try await store.database.write { connection in
            for point in points { try table.write(connection, point) }
        }
    }

    /// Writes a point for each of the 59 minutes before ``hour``.
    func putRecentHour() async throws {
        try await put((1..<60).reversed().map { .made(Self.hour - $0 * Self.minute) }, in: .minutes)
    }

    /// What the store holds as a series' total.
    func storedTotal(_ counter: Counter) async throws -> Int64? {
        let name = SlotTable.names[counter.slot]
        return try await store.database.read {
            try $0.integer("SELECT value FROM totals WHERE series = ?", .text(name))
        }
    }
}

extension [Point] {
    func sum(_ stat: StoredStat) -> Int64 { reduce(0) { $0 + $1[stat] } }
}

extension Point {
    /// A point with counts and totals given by hand.
    static func made(
        _ t: Int64, messages: Int64 = 0, total: Int64? = nil, peakRooms: Int64 = 0, lastT: Int64? = nil
    ) -> Point {
        var point = Point(t: t, lastT: lastT ?? t, samples: 1)
        point[.messages] = messages
        point.messagesTotal = total
        point[.peakRooms] = peakRooms
        return point
    }
}

/// Gauges that say what a test wants.
struct FixedGauges: GaugeSource {
    var values: [Gauge: Double]

    func read(into readings: inout GaugeReadings) {
        for (gauge, value) in values { readings[gauge] = value }
    }
}
