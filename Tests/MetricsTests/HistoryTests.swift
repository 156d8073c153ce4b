import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("History read back")
struct HistoryTests {
    @Test("the newest points come oldest first, at most as many as asked for")
    func newest() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            let minutes = (0..<5).map { Point.made(Bench.hour + Int64($0) * Bench.minute) }
            try await bench.put(minutes, in: .minutes)
            #expect(try await bench.metrics.history.recentMinutes(3).map(\.t) == minutes.suffix(3).map(\.t))
        }
    }

    @Test("the totals that come with the newest points are those the points led to, not the live ones")
    func totalsOfTheSample() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.meter.add(.messages(.http), 4)
            bench.meter.add(.messages(.ws), 1)
            await bench.metrics.flush(at: Bench.hour)
            bench.meter.add(.messages(.http), 90)
            let recent = try await bench.metrics.history.recent(10)
            #expect(recent.totals[.messages] == 5)
            #expect(recent.totals[.messages] == recent.points.last?.messagesTotal)
            #expect(Set(recent.totals.keys) == Set(OriginalTotal.allCases))
            #expect(recent.availableSince == Bench.hour)
        }
    }

    @Test("the start of the history is that of its oldest point, minute or hour")
    func availableSince() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            #expect(try await bench.metrics.history.availableSince() == nil)
            try await bench.put([.made(Bench.hour + 5)], in: .minutes)
            #expect(try await bench.metrics.history.availableSince() == Bench.hour + 5)
            try await bench.put([.made(Bench.hour)], in: .hours)
            #expect(try await bench.metrics.history.availableSince() == Bench.hour)
        }
    }

    @Test("the hours of the last day are all there, empty ones too, and older ones that have minutes")
    func hourly() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            let hour: Int64 = 3_600_000
            try await bench.put(
                [
                    .made(Bench.hour - 30 * hour + 5, messages: 1), .made(Bench.hour + 1, messages: 2),
                    .made(Bench.hour + 60_001, messages: 4),
                ], in: .minutes)
            let hours = try await bench.metrics.history.hourly(now: Bench.hour + 120_000)
            let expected = [Bench.hour - 30 * hour] + (0..<24).map { Bench.hour - Int64(23 - $0) * hour }
            #expect(hours.map(\.t) == expected)
            #expect(hours.last?[.messages] == 6)
            #expect(hours.sum(.messages) == 7)
        }
    }

    @Test("a time is written as JavaScript writes it")
    func timestamps() {
        #expect(timestamp(1_781_526_870_192) == "2026-06-15T12:34:30.192Z")
        #expect(timestamp(0) == "1970-01-01T00:00:00.000Z")
        #expect(timestamp(1_781_526_870_007) == "2026-06-15T12:34:30.007Z")
    }
}
