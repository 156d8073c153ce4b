import Foundation
import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("Another STATS_TZ")
struct ZoneChangeTests {
    private static let hour: Int64 = 3_600_000

    /// What each day of a zone must hold of the messages of these times, one each.
    private func expected(_ times: [Int64], _ name: String) -> [Int64: Int64] {
        let zone = TimeZone(identifier: name) ?? .gmt
        return times.reduce(into: [:]) { $0[CivilDay.start($1, zone), default: 0] += 1 }
    }

    private func days(_ bench: Bench, _ zone: String) async throws -> [Int64: Int64] {
        let days = try await bench.days(zone)
        return Dictionary(uniqueKeysWithValues: days.map { ($0.t, $0[.messages]) })
    }

    @Test(
        "has its days folded anew from what is kept",
        arguments: ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
    func rebuilt(zone: String) async throws {
        try await withTemporaryDirectory { directory in
            let times = (0..<100).map { Bench.hour + Int64($0) * 35 * Bench.minute }
            var bench = try Bench(directory, zone: "UTC", retention: .forEver)
            for t in times {
                bench.meter.add(.messages(.http))
                await bench.metrics.flush(at: t)
            }
            bench = try Bench(directory, zone: zone, retention: .forEver)
            #expect(try await days(bench, zone) == expected(times, zone))
            #expect(try await days(bench, "UTC") == expected(times, "UTC"))
            // Counting goes on in the day that was folded.
            bench.meter.add(.messages(.http))
            await bench.metrics.flush(at: times[99] + 1)
            #expect(try await days(bench, zone) == expected(times + [times[99]], zone))
        }
    }

    @Test(
        "loses nothing of a first hour that lies in two of its days or begins in the middle",
        arguments: ["Asia/Kathmandu", "Asia/Kolkata", "Europe/Berlin"])
    func firstHour(zone: String) async throws {
        try await withTemporaryDirectory { directory in
            let times = (0..<40).map { Bench.hour + 37 * Bench.minute + Int64($0) * 3 * Bench.minute }
            let first = try Bench(directory, zone: "UTC", retention: .forEver)
            for t in times {
                first.meter.add(.messages(.http))
                await first.metrics.flush(at: t)
            }
            let bench = try Bench(directory, zone: zone, retention: .forEver)
            #expect(try await days(bench, zone) == expected(times, zone))
        }
    }

    @Test("and back again has the days between as well", arguments: ["Europe/Berlin", "Asia/Kolkata"])
    func back(zone: String) async throws {
        try await withTemporaryDirectory { directory in
            let times = (0..<90).map { Bench.hour + Int64($0) * Self.hour }
            for (index, name) in [zone, "UTC", zone].enumerated() {
                let bench = try Bench(directory, zone: name, retention: .forEver)
                for t in times[index * 30..<index * 30 + 30] {
                    bench.meter.add(.messages(.http))
                    await bench.metrics.flush(at: t)
                }
            }
            let bench = try Bench(directory, zone: zone, retention: .forEver)
            #expect(try await days(bench, zone) == expected(times, zone))
        }
    }

    @Test(
        "costs no day that is older than what it could be folded from",
        arguments: ["Europe/Berlin", "Asia/Kolkata"])
    func olderDays(zone: String) async throws {
        try await withTemporaryDirectory { directory in
            let times = (0..<120).map { Bench.hour + Int64($0) * Self.hour }
            let bench = try Bench(directory, zone: zone, retention: .forEver)
            for t in times {
                bench.meter.add(.messages(.http))
                await bench.metrics.flush(at: t)
            }
            let before = try await days(bench, zone)
            #expect(before == expected(times, zone))
            // As retention leaves it: minutes of two days and a half, hours of four days.
            try await bench.store.database.write { connection in
                try connection.run("DELETE FROM minutes WHERE t < \(times[60])")
                try connection.run("DELETE FROM hours WHERE t < \(times[24])")
            }
            _ = try Bench(directory, zone: "UTC", retention: .forEver)
            let again = try Bench(directory, zone: zone, retention: .forEver)
            #expect(try await days(again, zone) == before)
        }
    }

    @Test("that is UTC by another name has UTC's days", arguments: ["GMT", "Etc/UTC", "UTC"])
    func sameZone(zone: String) async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, zone: zone)
            bench.meter.add(.messages(.http))
            await bench.metrics.flush(at: Bench.hour)
            let zones = try await bench.store.database.read {
                try $0.query("SELECT zone FROM days") { $0.text(0) ?? "" }
            }
            #expect(zones == ["UTC"])
        }
    }
}
