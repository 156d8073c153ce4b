import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("Buckets of a series")
struct SeriesBucketTests {
    private static let minute = Bench.minute
    private static let hourLength: Int64 = 3_600_000
    private static let dayLength: Int64 = 24 * 3_600_000

    private func answer(
        _ range: SeriesRange, now: Int64, minutes: [Point] = [], hours: [Point] = []
    ) async throws -> SeriesAnswer {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await bench.put(minutes, in: .minutes)
            try await bench.put(hours, in: .hours)
            return try await bench.metrics.history.series(range, now: now)
        }
    }

    @Test("an hour is drawn from minutes as they are, from the very minute it starts")
    func hour() async throws {
        // Samples are taken when they are taken: a minute's point keeps its time.
        let now = Bench.hour + 30 * Self.minute + 7_654
        let minutes = (0...70).map {
            Point.made(now - Int64(70 - $0) * Self.minute, messages: 1, total: Int64($0))
        }
        let answer = try await answer(.hour, now: now, minutes: minutes)
        #expect(answer.source == .minute)
        #expect(answer.bucket == 60_000)
        #expect(answer.points.map(\.t) == minutes.dropFirst(10).map(\.t))
        #expect(answer.requestedSince == now - 60 * Self.minute)
        #expect(answer.availableSince == now - 70 * Self.minute)
        #expect(!answer.partial)
    }

    @Test("eight hours are drawn in five-minute buckets on the epoch's grid")
    func eightHours() async throws {
        let grid = Bench.hour + 10 * Self.minute
        let minutes = [
            Point.made(grid - 1, messages: 1), .made(grid, messages: 2), .made(grid + 299_999, messages: 4),
            .made(grid + 300_000, messages: 8),
        ]
        let answer = try await answer(.eightHours, now: grid + 400_000, minutes: minutes)
        #expect(answer.source == .minute)
        #expect(answer.bucket == 300_000)
        #expect(answer.points.map(\.t) == [grid - 300_000, grid, grid + 300_000])
        #expect(answer.points.map { $0[.messages] } == [1, 6, 8])
    }

    @Test("a day is drawn in quarters of an hour")
    func day() async throws {
        let minutes = (0..<45).map { Point.made(Bench.hour + Int64($0) * Self.minute + 7, messages: 1) }
        let answer = try await answer(.day, now: Bench.hour + 45 * Self.minute, minutes: minutes)
        #expect(answer.bucket == 900_000)
        #expect(answer.points.map(\.t) == [0, 15, 30].map { Bench.hour + $0 * Self.minute })
        #expect(answer.points.map { $0[.messages] } == [15, 15, 15])
        #expect(answer.points.map(\.samples) == [15, 15, 15])
    }

    @Test("a week is drawn from hours as they are")
    func week() async throws {
        let hours = (0..<5).map { Point.made(Bench.hour + Int64($0) * Self.hourLength, messages: Int64($0)) }
        let answer = try await answer(.week, now: Bench.hour + 5 * Self.hourLength, hours: hours)
        #expect(answer.source == .hourly)
        #expect(answer.bucket == Self.hourLength)
        #expect(answer.points.map(\.t) == hours.map(\.t))
    }

    @Test("a month is drawn in six hours on the epoch's grid")
    func month() async throws {
        let grid = Bench.hour - Bench.hour % (6 * Self.hourLength)
        let hours = (0..<13).map { Point.made(grid + Int64($0) * Self.hourLength, messages: 1) }
        let answer = try await answer(.month, now: grid + 13 * Self.hourLength, hours: hours)
        #expect(answer.bucket == 6 * Self.hourLength)
        #expect(answer.points.map(\.t) == [grid, grid + 6 * Self.hourLength, grid + 12 * Self.hourLength])
        #expect(answer.points.map { $0[.messages] } == [6, 6, 1])
    }

    @Test("years are drawn in weeks that begin where the epoch's do, on Thursdays")
    func years() async throws {
        let first = Bench.hour - 400 * Self.dayLength
        let hours = [Point.made(first, messages: 3), .made(Bench.hour, messages: 4)]
        let answer = try await answer(.all, now: Bench.hour, hours: hours)
        #expect(answer.bucket == 7 * Self.dayLength)
        #expect(answer.points.map(\.t) == [first, Bench.hour].map { $0 - $0 % (7 * Self.dayLength) })
        #expect(answer.points.map { $0[.messages] } == [3, 4])
        #expect(answer.requestedSince == first)
        #expect(answer.availableSince == first)
        #expect(!answer.partial)
    }

    @Test("an hour that began before the range and was sampled within it counts")
    func hourAtTheEdge() async throws {
        let now = Bench.hour + 30 * Self.minute
        let edge = now - 7 * Self.dayLength
        let start = edge - 30 * Self.minute
        let hours = [
            Point.made(start - Self.hourLength, messages: 1, lastT: edge - 1),
            .made(start, messages: 2, lastT: edge),
        ]
        let answer = try await answer(.week, now: now, hours: hours)
        #expect(answer.points.map { $0[.messages] } == [2])
    }

    @Test("a bucket's peak is the highest of its points")
    func peak() async throws {
        let minutes = [
            Point.made(Bench.hour, peakRooms: 2), .made(Bench.hour + Self.minute, peakRooms: 9),
            .made(Bench.hour + 2 * Self.minute, peakRooms: 4),
        ]
        let answer = try await answer(.eightHours, now: Bench.hour + 3 * Self.minute, minutes: minutes)
        #expect(answer.points.map { $0[.peakRooms] } == [9])
    }

    @Test(
        "without history there are no points and nothing is said to be missing",
        arguments: SeriesRange.allCases)
    func empty(range: SeriesRange) async throws {
        let answer = try await answer(range, now: Bench.hour)
        #expect(answer.points.isEmpty)
        #expect(answer.availableSince == nil)
        #expect(answer.requestedSince == range.span.map { Bench.hour - $0 })
        #expect(answer.baseline == nil)
        #expect(!answer.partial)
    }
}
