import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("What was counted before the retained history")
struct SeriesBaselineTests {
    private func answer(_ range: SeriesRange, now: Int64, _ minutes: [Point]) async throws -> SeriesAnswer {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await bench.put(minutes, in: .minutes)
            return try await bench.metrics.history.series(range, now: now)
        }
    }

    private let now = Bench.hour + 30 * Bench.minute

    @Test("stands on the first point when the range reaches back to the history's start")
    func onFirstPoint() async throws {
        let minutes = [
            Point.made(now - 20 * Bench.minute, messages: 3, total: 95),
            .made(now - 10 * Bench.minute, messages: 5, total: 100),
        ]
        let answer = try await answer(.hour, now: now, minutes)
        #expect(answer.baseline == SeriesAnswer.Baseline(messages: 92, rooms: 0, bugs: 0))
        #expect(answer.points.map { $0[.messages] } == [95, 5])
        #expect(answer.points.sum(.messages) == 100)
        #expect(answer.partial)
    }

    @Test("is left out of a range that starts later than the history")
    func laterRange() async throws {
        let minutes = [
            Point.made(now - 90 * Bench.minute, messages: 3, total: 95),
            .made(now - 10 * Bench.minute, messages: 5, total: 100),
        ]
        let answer = try await answer(.hour, now: now, minutes)
        #expect(answer.baseline == SeriesAnswer.Baseline())
        #expect(answer.points.map { $0[.messages] } == [5])
        #expect(!answer.partial)
    }

    @Test("counts when the range and the history start at the same instant, which isn't partial")
    func sameInstant() async throws {
        let answer = try await answer(
            .hour, now: now, [.made(now - 60 * Bench.minute, messages: 3, total: 10)])
        #expect(answer.baseline?.messages == 7)
        #expect(!answer.partial)
    }

    @Test("comes from the newest point that knows its total")
    func newestKnownTotal() async throws {
        let minutes = [
            Point.made(now - 20 * Bench.minute, messages: 3, total: 95),
            .made(now - 10 * Bench.minute, messages: 5, total: nil),
        ]
        let answer = try await answer(.hour, now: now, minutes)
        #expect(answer.baseline?.messages == 87)
    }

    @Test("is 0 when no point knows a total, or the points add up to more")
    func neverNegative() async throws {
        let unknown = try await answer(.hour, now: now, [.made(now, messages: 3)])
        #expect(unknown.baseline == SeriesAnswer.Baseline())
        let more = try await answer(.hour, now: now, [.made(now, messages: 30, total: 10)])
        #expect(more.baseline == SeriesAnswer.Baseline())
        #expect(more.points.map { $0[.messages] } == [30])
    }

    @Test("is kept for messages, rooms and bugs, each by its own total")
    func eachByItsOwn() async throws {
        var point = Point(t: now, lastT: now, samples: 1)
        (point[.messages], point[.rooms], point[.bugs]) = (1, 2, 3)
        (point.messagesTotal, point.roomsTotal, point.bugsTotal) = (11, 22, 33)
        let answer = try await answer(.hour, now: now, [point])
        #expect(answer.baseline == SeriesAnswer.Baseline(messages: 10, rooms: 20, bugs: 30))
    }

    @Test("stands on the first bucket of a bucketed range")
    func bucketed() async throws {
        let minutes = [
            Point.made(Bench.hour, messages: 1, total: 8),
            .made(Bench.hour + Bench.minute, messages: 1, total: 9),
            .made(Bench.hour + 20 * Bench.minute, messages: 1, total: 10),
        ]
        let answer = try await answer(.day, now: now, minutes)
        #expect(answer.points.map { $0[.messages] } == [9, 1])
    }
}
