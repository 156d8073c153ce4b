import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("Days that are over")
struct ClosedDaysTests {
    private static let hour: Int64 = 3_600_000
    private static let day: Int64 = 24 * hour
    /// A midnight of UTC.
    private static let midnight: Int64 = 20_254 * day

    @Test("a day is over an hour after its midnight, in the zone's own days")
    func settled() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, zone: "UTC", now: Self.midnight)
            let history = bench.metrics.history
            let next = Self.midnight + Self.day
            #expect(history.lastDayEnd(now: next) == Self.midnight)
            #expect(history.lastDayEnd(now: next + Self.hour - 1) == Self.midnight)
            #expect(history.lastDayEnd(now: next + Self.hour) == next)
        }
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, zone: "Asia/Kolkata", now: Self.midnight)
            let there = Self.midnight - 5 * Self.hour - Self.hour / 2
            #expect(bench.metrics.history.lastDayEnd(now: there + Self.day + Self.hour) == there + Self.day)
        }
    }

    @Test("today is in nothing of it")
    func withoutToday() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, zone: "UTC", now: Self.midnight, retention: .forEver)
            bench.meter.add(.messages(.http), 40)
            bench.visit("DE", 9)
            await bench.metrics.flush(at: Self.midnight + 5 * Self.hour)
            let tomorrow = Self.midnight + Self.day
            bench.meter.add(.messages(.http), 1_000)
            bench.visit("DE", 100)
            bench.visit("FR", 100)
            await bench.metrics.flush(at: tomorrow + 2 * Self.hour)
            bench.visit("DE", 1_000)
            let closed = try await bench.metrics.history.closedDays(
                90, minimum: 5, now: tomorrow + 3 * Self.hour)
            #expect(closed.until == tomorrow)
            #expect(closed.messages == 40)
            #expect(closed.days.map(\.name) == ["2025-06-15"])
            #expect(closed.geo.countries == [.init(code: "DE", count: 9)])
        }
    }

    @Test("a day without a sample is down, one before the first isn't there, few visits are folded")
    func uptime() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, zone: "UTC", now: Self.midnight, retention: .forEver)
            for minute in 0..<720 {
                await bench.metrics.flush(at: Self.midnight + Self.day / 2 + Int64(minute) * 60_000 + 1)
            }
            bench.visit("DE", 5)
            bench.visit("FR", 4)
            await bench.metrics.flush(at: Self.midnight + 2 * Self.day + 60_000)
            let closed = try await bench.metrics.history.closedDays(
                3, minimum: 5, now: Self.midnight + 3 * Self.day + 2 * Self.hour)
            #expect(closed.days.map(\.sampled) == [720, 0, 1])
            // What was before noon isn't known.
            #expect(closed.days.map(\.minutes) == [720, 1_440, 1_440])
            #expect(closed.geo.countries == [.init(code: "DE", count: 5)])
            #expect(closed.geo.extras == [.init(code: GeoAnswer.otherCode, count: 4)])
        }
    }

    @Test("in a zone of half hours nothing of the day that isn't over is in it, whenever one asks")
    func halfHours() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(
                directory, zone: "Asia/Kolkata", now: Self.midnight, retention: .forEver)
            // Midnight there is 18:30 of UTC.
            let over = Self.midnight + 18 * Self.hour + Self.hour / 2
            bench.visit("DE", 7)
            await bench.metrics.flush(at: over - 2 * Self.hour)
            bench.visit("DE", 100)
            bench.visit("FR", 100)
            await bench.metrics.flush(at: over + 10 * Bench.minute)
            for later in [2, 23] {
                let closed = try await bench.metrics.history.closedDays(
                    90, minimum: 5, now: over + Int64(later) * Self.hour)
                #expect(closed.until == over)
                #expect(closed.geo.countries == [.init(code: "DE", count: 7)])
            }
        }
    }

    @Test("a first day begins with its first sample")
    func firstDay() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, zone: "UTC", now: Self.midnight, retention: .forEver)
            let boot = Self.midnight + 23 * Self.hour + Self.hour / 2
            for minute in 0..<30 {
                await bench.metrics.flush(at: boot + Int64(minute) * Bench.minute + 59_999)
            }
            let closed = try await bench.metrics.history.closedDays(
                90, minimum: 5, now: Self.midnight + Self.day + 2 * Self.hour)
            #expect(closed.days.map(\.minutes) == [30])
            #expect(closed.days.map(\.sampled) == [30])
        }
    }
}
