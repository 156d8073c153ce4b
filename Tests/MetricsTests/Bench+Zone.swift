import Foundation
import GeoIP
import Logging
import SQLite
import Synchronization
@testable import SignalboxMetrics

extension Bench {
    /// A start with STATS_TZ, and with GEO_MIN_COUNT where a test is about it.
    init(
        _ directory: URL, zone: String, now: Int64 = Bench.hour, counters: Bool = false,
        retention: Store.Retention = .init(), visitsMin: Int64 = 1, gauges: [any GaugeSource] = []
    ) throws {
        let database = try Database.open(path: directory.appending(path: "signalbox.sqlite").path).database
        store = try Store(
            database: database, retention: retention, timeZone: TimeZone(identifier: zone) ?? .gmt, now: now)
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        metrics = Metrics(
            store: store, countersPath: counters ? directory.appending(path: "counters").path : nil,
            visitsMin: visitsMin, sources: { _ in gauges }, now: now, logger: quiet)
    }

    func days(_ zone: String = "UTC") async throws -> [Point] {
        try await store.database.read { try PointTable.days(zone).points($0, from: .min) }
    }

    /// The rows of a country table, oldest first.
    func countries(_ table: CountryTable) async throws -> [CountryRow] {
        try await store.database.read { try CountryRow.all($0, table) }
    }

    /// Counts as many page visits.
    func visit(_ country: String, _ count: Int = 1) {
        guard let code = CountryCode(country) else { return }
        for _ in 0..<count { meter.visit(code) }
    }
}

/// A row as it is in the store.
struct CountryRow: Equatable {
    let t: Int64
    let country: String
    let visits: Int64
    let total: Int64

    static func all(_ connection: Connection, _ table: CountryTable) throws -> [CountryRow] {
        try connection.query("SELECT t, country, visits, total FROM \(table.name) ORDER BY t, country") {
            CountryRow(
                t: $0.integer(0) ?? 0, country: $0.text(1) ?? "", visits: $0.integer(2) ?? 0,
                total: $0.integer(3) ?? 0)
        }
    }
}

/// A store retention that nothing in a test outlives.
extension Store.Retention {
    static var forEver: Store.Retention {
        var retention = Store.Retention()
        retention.minutes = 100_000_000
        retention.hours = 1_000_000
        retention.countryMinutes = 100_000_000
        retention.countryHours = 1_000_000
        return retention
    }
}

/// A gauge that a test turns.
final class Dial: GaugeSource {
    private let rooms = Mutex<Int>(0)

    func turn(to value: Int) { rooms.withLock { $0 = value } }
    func read(into readings: inout GaugeReadings) { readings[.activeRooms] = Double(rooms.withLock { $0 }) }
}

/// Unix ms of an ISO 8601 time.
func instant(_ text: String) -> Int64 {
    let date = try? Date(text, strategy: .iso8601)
    return Int64((date ?? .distantPast).timeIntervalSince1970) * 1_000
}
