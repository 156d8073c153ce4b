import Foundation
import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("Metrics of a window")
struct WindowColumnTests {
    private static let hour: Int64 = 3_600_000

    private func metrics(_ names: String...) -> [SeriesMetric] { names.compactMap { SeriesMetric($0) } }

    @Test("named twice or overlapping count once")
    func doubled() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.meter.add(.messages(.http), 3)
            bench.meter.add(.messages(.ws), 4)
            bench.meter.add(.messageBytes, 100)
            bench.meter.add(.directMessageBytes, 10)
            bench.meter.raise(.rooms, to: 6)
            await bench.metrics.flush(at: Bench.hour)
            let asked = metrics(
                "messages", "messages", "messages_relayed_total", "messages_ws", "http_posts_total",
                "bytes",
                "bytes_relayed_total", "message_bytes", "direct_message_bytes", "peak_rooms",
                "peak_concurrent_rooms")
            #expect(asked.count == 11)
            for step in [Bench.minute, 5 * Bench.minute, Self.hour, 24 * Self.hour] {
                let answer = try await bench.metrics.history.series(
                    SeriesWindow(
                        from: Bench.hour - 24 * Self.hour, until: Bench.hour + Self.hour, step: .width(step)),
                    metrics: asked)
                let values = asked.map { metric in metric.stats.reduce(0) { $0 + answer.points.sum($1) } }
                #expect(values == [7, 7, 7, 4, 3, 110, 110, 100, 10, 6, 6])
            }
            let range = try await bench.metrics.history.series(.day, metrics: asked, now: Bench.hour)
            #expect(asked.map { $0.stats.reduce(0) { $0 + range.points.sum($1) } }.first == 7)
            #expect(range.points.sum(.bytes) == 110)
        }
    }

    @Test("in a wide bucket are sums, last values and highest values")
    func kinds() async throws {
        try await withTemporaryDirectory { directory in
            let dial = Dial()
            let bench = try Bench(directory, gauges: [dial])
            for (minute, rooms) in [(0, 5), (1, 9), (2, 3)] as [(Int64, Int)] {
                bench.meter.add(.messages(.http), 10)
                dial.turn(to: rooms)
                await bench.metrics.flush(at: Bench.hour + minute * Bench.minute)
            }
            for step in [10 * Bench.minute, Self.hour, 24 * Self.hour] {
                let answer = try await bench.metrics.history.series(
                    SeriesWindow(from: Bench.hour, until: Bench.hour + Self.hour, step: .width(step)),
                    metrics: metrics("active_rooms"))
                let point = try #require(answer.points.first)
                #expect(answer.points.count == 1)
                #expect([point[.messages], point[.activeRooms], point[.peakRooms]] == [30, 3, 9])
                #expect(point.samples == 3)
            }
        }
    }

    @Test("by calendar day follow the zone's days of 23 and 25 hours")
    func calendarDays() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, zone: "Europe/Berlin", retention: .forEver)
            let start = instant("2025-10-24T22:00:00Z")
            for hour: Int64 in 0..<97 {
                bench.meter.add(.messages(.http))
                await bench.metrics.flush(at: start + hour * Self.hour)
            }
            func answer(_ from: Int64?, _ until: Int64) async throws -> WindowAnswer {
                try await bench.metrics.history.series(
                    SeriesWindow(from: from, until: until, step: .calendarDay))
            }
            let all = try await answer(nil, start + 97 * Self.hour)
            #expect(all.source == .daily && !all.partial)
            #expect(all.points.map { $0[.messages] } == [24, 25, 24, 24])
            #expect(
                all.points.map(\.t)
                    == [
                        "2025-10-24T22:00:00Z", "2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z",
                        "2025-10-27T23:00:00Z",
                    ]
                    .map(instant))
            // From noon of the long day: the whole of it; up to midnight: not the next.
            let one = try await answer(instant("2025-10-26T11:00:00Z"), instant("2025-10-26T23:00:00Z"))
            #expect(one.points.map { $0[.messages] } == [25])
            #expect(try await answer(start - 1, start + 1).partial)
        }
    }
}
