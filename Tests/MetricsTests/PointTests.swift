import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("Two points become one")
struct PointTests {
    private func point(lastT: Int64, messages: Int64, rooms: Int64, peak: Int64, total: Int64?) -> Point {
        var point = Point(t: 0, lastT: lastT, samples: 1)
        point[.messages] = messages
        point[.activeRooms] = rooms
        point[.peakRooms] = peak
        point.messagesTotal = total
        return point
    }

    @Test(
        "counts add up, peaks are the higher one, gauges and totals come from the later one",
        arguments: [true, false])
    func merge(inOrder: Bool) {
        let early = point(lastT: 10, messages: 3, rooms: 8, peak: 9, total: 30)
        let late = point(lastT: 20, messages: 4, rooms: 2, peak: 5, total: 34)
        var merged = inOrder ? early : late
        merged.merge(inOrder ? late : early)
        #expect(merged[.messages] == 7)
        #expect(merged[.activeRooms] == 2)
        #expect(merged[.peakRooms] == 9)
        #expect(merged.messagesTotal == 34)
        #expect(merged.samples == 2)
        #expect(merged.lastT == 20)
    }

    @Test("a later point that doesn't know its total leaves the known one")
    func unknownTotal() {
        var merged = point(lastT: 10, messages: 1, rooms: 0, peak: 0, total: 30)
        merged.merge(point(lastT: 20, messages: 1, rooms: 0, peak: 0, total: nil))
        #expect(merged.messagesTotal == 30)
    }

    @Test("a point comes back from the store as it was written")
    func roundTrip() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            var written = Point(t: 5, lastT: 6, samples: 7)
            (written.messagesTotal, written.roomsTotal, written.bugsTotal) = (1, nil, 3)
            for (index, stat) in StoredStat.allCases.enumerated() { written[stat] = Int64(index * 11 + 1) }
            try await bench.put([written], in: .minutes)
            #expect(try await bench.minutes() == [written])
        }
    }

    @Test(
        "time is rounded down, before 1970 too",
        arguments: [(125, 120), (120, 120), (0, 0), (-1, -60), (-60, -60)])
    func rounding(t: Int64, expected: Int64) {
        #expect(floorTo(60, t) == expected)
    }
}
