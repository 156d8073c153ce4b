import SQLite
import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("A damaged table")
struct DamageTests {
    private static let hour: Int64 = 3_600_000
    private static let count: Int64 = 400

    /// Four hundred minutes with a message and a visit each.
    private func filled(_ bench: Bench) async throws {
        for minute in 0..<Self.count {
            bench.meter.add(.messages(.http))
            bench.visit(minute % 2 == 0 ? "DE" : "FR")
            await bench.metrics.flush(at: Bench.hour + minute * Bench.minute)
        }
    }

    private func next(_ bench: Bench, _ minute: Int64 = count) async {
        bench.meter.add(.messages(.http), 5)
        bench.visit("DE", 2)
        await bench.metrics.flush(at: Bench.hour + minute * Bench.minute)
    }

    private func tables(_ bench: Bench) async throws -> [String] {
        try await bench.store.database.read {
            try $0.query("SELECT name FROM sqlite_master WHERE name LIKE '%damaged%' ORDER BY name") {
                $0.text(0) ?? ""
            }
        }
    }

    @Test(
        "of minutes is set aside while the server runs, and counting goes on in a new one",
        arguments: [PageDamage.Place.root, .last])
    func minutes(place: PageDamage.Place) async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await filled(bench)
            let (hours, days) = (try await bench.hours(), try await bench.days())
            try PageDamage.hit(bench, "minutes", place)
            await next(bench)
            #expect(try await tables(bench) == ["minutes_damaged_1"])
            #expect(bench.meter.total(.storeSetAside) == 1)
            let when = bench.metrics.gauges()[.storeSetAsideTimestamp]
            #expect(when > Double(Bench.hour / 1_000))
            #expect(bench.meter.total(.storeFlushes(.failed)) == 0)
            #expect(try await bench.minutes().map { $0[.messages] } == [5])
            #expect(try await bench.hours().sum(.messages) == hours.sum(.messages) + 5)
            #expect(try await bench.hours().dropLast() == hours.dropLast())
            #expect(try await bench.days().sum(.messages) == days.sum(.messages) + 5)
            #expect(try await bench.storedTotal(.messages(.http)) == Self.count + 5)
            let visits = try await bench.metrics.history.geo(.all, now: Bench.hour)
            #expect(visits.totalVisits == Self.count + 2)
            // A start later nothing of it is set aside again.
            await bench.metrics.close(at: Bench.hour + (Self.count + 1) * Bench.minute)
            let later = try Bench(directory, now: Int64(when) * 1_000 + 1)
            await next(later, Self.count + 2)
            #expect(try await tables(later) == ["minutes_damaged_1"])
            #expect(later.meter.total(.messages(.http)) == UInt64(Self.count + 10))
            #expect(later.metrics.gauges()[.storeSetAsideTimestamp] == when)
            // A time that the clock hasn't reached yet can't be when it was.
            let earlier = try Bench(directory)
            #expect(earlier.metrics.gauges()[.storeSetAsideTimestamp] == Double(Bench.hour / 1_000))
        }
    }

    @Test(
        "of days is folded anew from hours and minutes", arguments: ["UTC", "Europe/Berlin", "Asia/Kolkata"])
    func days(zone: String) async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, zone: zone)
            // From 14:00 to 20:40 UTC: in India the day ends in between.
            try await filled(bench)
            let before = (try await bench.days(), try await bench.days(zone))
            try PageDamage.hit(bench, "days", .root)
            await bench.metrics.flush(at: Bench.hour + (Self.count - 1) * Bench.minute)
            #expect(try await tables(bench) == ["days_damaged_1"])
            let after = (try await bench.days(), try await bench.days(zone))
            #expect(after.0.map { $0[.messages] } == before.0.map { $0[.messages] })
            #expect(after.1.map(\.t) == before.1.map(\.t))
            #expect(after.1.map { $0[.messages] } == before.1.map { $0[.messages] })
            #expect(after.1.sum(.messages) == Self.count)
        }
    }

    @Test("of countries starts anew with what each stands at, so that windows stay right")
    func countries() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await filled(bench)
            try PageDamage.hit(bench, "country_minutes", .root)
            try PageDamage.hit(bench, "country_hours", .root)
            await next(bench)
            #expect(bench.meter.total(.storeSetAside) == 2)
            #expect(try await tables(bench) == ["country_hours_damaged_1", "country_minutes_damaged_1"])
            for table in [CountryTable.minutes, .hours] {
                let rows = try await bench.countries(table)
                #expect(rows.map(\.country) == ["DE", "FR"])
                #expect(rows.map(\.visits) == [2, 0])
                #expect(rows.map(\.total) == [202, 200])
            }
            bench.visit("FR", 1)
            await bench.metrics.flush(at: Bench.hour + (Self.count + 90) * Bench.minute)
            let answer = try await bench.metrics.history.geo(.week, now: Bench.hour + 24 * Self.hour)
            #expect(answer.countries.map(\.count) == [2, 1])
        }
    }

    @Test("that only a reader has met is set aside by the next flush")
    func reader() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await filled(bench)
            try PageDamage.hit(bench, "minutes", .middle)
            // Flushes look at the newest points and at the oldest: they notice nothing.
            await next(bench)
            #expect(bench.meter.total(.storeSetAside) == 0)
            await #expect(throws: SQLiteError.self) {
                try await bench.metrics.history.series(.day, now: Bench.hour + Self.count * Bench.minute)
            }
            await next(bench, Self.count + 1)
            #expect(bench.meter.total(.storeSetAside) == 1)
            #expect(try await tables(bench) == ["minutes_damaged_1"])
            let series = try await bench.metrics.history.series(
                .day, now: Bench.hour + (Self.count + 1) * Bench.minute)
            #expect(series.points.count == 1)
            #expect(try await bench.storedTotal(.messages(.http)) == Self.count + 10)
        }
    }

    @Test("twice gets a second name, and nothing is overwritten")
    func twice() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await filled(bench)
            for minute in 0..<2 {
                try PageDamage.hit(bench, "hours", .root)
                await next(bench, Self.count + Int64(minute))
            }
            #expect(try await tables(bench) == ["hours_damaged_1", "hours_damaged_2"])
            #expect(bench.meter.total(.storeSetAside) == 2)
            #expect(try await bench.hours().sum(.messages) == 5)
            #expect(try await bench.minutes().sum(.messages) == Self.count + 10)
        }
    }
}
