import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("A flush")
struct FlushTests {
    @Test("makes minute and hour points that add up to the totals")
    func addsUp() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            for minute in 0..<90 {
                bench.meter.add(.messages(.http), UInt64(minute))
                await bench.metrics.flush(at: Bench.hour + Int64(minute) * Bench.minute)
            }
            let (minutes, hours) = (try await bench.minutes(), try await bench.hours())
            #expect(minutes.count == 90)
            #expect(hours.map(\.t) == [Bench.hour, Bench.hour + 3_600_000])
            #expect(minutes.sum(.messages) == 4_005)
            #expect(hours.sum(.messages) == 4_005)
            #expect(try await bench.storedTotal(.messages(.http)) == 4_005)
            #expect(minutes.last?.messagesTotal == 4_005)
            #expect(hours.map(\.messagesTotal) == [1_770, 4_005])
            #expect(hours.map(\.samples) == [60, 30])
        }
    }

    @Test("within the minute of another folds into the same point")
    func sameMinute() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.meter.add(.reports, 2)
            await bench.metrics.flush(at: Bench.hour + 5_000)
            bench.meter.add(.reports, 3)
            await bench.metrics.flush(at: Bench.hour + 59_999)
            let minutes = try await bench.minutes()
            #expect(minutes.map(\.t) == [Bench.hour + 59_999])
            #expect(minutes.sum(.bugs) == 5)
            #expect(minutes.first?.samples == 2)
            await bench.metrics.flush(at: Bench.hour + 60_000)
            #expect(try await bench.minutes().count == 2)
        }
    }

    @Test("with nothing counted adds nothing")
    func idempotent() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.meter.add(.messageBytes, 100)
            for step in 0..<5 { await bench.metrics.flush(at: Bench.hour + Int64(step) * 7_000) }
            #expect(try await bench.minutes().sum(.bytes) == 100)
            #expect(try await bench.hours().sum(.bytes) == 100)
        }
    }

    @Test("that overlaps another counts nothing twice")
    func overlapping() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.meter.add(.messages(.ws), 1_000)
            await withTaskGroup(of: Void.self) { group in
                for step in 0..<8 {
                    group.addTask { await bench.metrics.flush(at: Bench.hour + Int64(step) * Bench.minute) }
                }
            }
            #expect(try await bench.minutes().sum(.messages) == 1_000)
        }
    }

    /// The columns that are counted, with what each is made of.
    private static let countedColumns: [(stat: StoredStat, counters: [Counter])] = StoredStat.allCases
        .compactMap {
            if case .count(let counters) = $0.kind { ($0, counters) } else { nil }
        }

    @Test("writes every column from the counters it is made of", arguments: countedColumns)
    func everyColumn(stat: StoredStat, counters: [Counter]) async throws {
        #expect(!counters.isEmpty)
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            for counter in counters { bench.meter.add(counter) }
            await bench.metrics.flush(at: Bench.hour)
            // The start of the bench is counted too.
            let starts = counters.filter { $0 == .processStarts }.count
            #expect(try await bench.minutes().sum(stat) == Int64(counters.count + starts))
        }
    }

    @Test("takes gauges as they are at the sample")
    func gauges() async throws {
        try await withTemporaryDirectory { directory in
            let gauges = FixedGauges(values: [
                .activeRooms: 4, .subscribers(.sse): 5, .subscribers(.ws): 6, .subscribers(.poll): 7,
                .roomBufferBytes: 8,
            ])
            let bench = try Bench(directory, gauges: [gauges])
            await bench.metrics.flush(at: Bench.hour)
            let point = try #require(try await bench.minutes().first)
            let stats: [StoredStat] = [
                .activeRooms, .activeSubs, .subscribersSSE, .subscribersWS, .waiters, .roomBufferBytes,
            ]
            #expect(stats.map { point[$0] } == [4, 11, 5, 6, 7, 8])
        }
    }

    @Test("keeps a peak that came and went between two samples")
    func peakBetweenSamples() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            await bench.metrics.flush(at: Bench.hour)
            bench.meter.raise(.rooms, to: 12)
            await bench.metrics.flush(at: Bench.hour + Bench.minute)
            await bench.metrics.flush(at: Bench.hour + 2 * Bench.minute)
            #expect(try await bench.minutes().map { $0[.peakRooms] } == [0, 12, 0])
            #expect(try await bench.hours().map { $0[.peakRooms] } == [12])
        }
    }

    @Test("says when it was and that it was")
    func counted() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            #expect(bench.metrics.lastFlushAt == 0)
            await bench.metrics.flush(at: Bench.hour)
            #expect(bench.metrics.lastFlushAt == Bench.hour)
            #expect(bench.meter.total(.storeFlushes(.ok)) == 1)
        }
    }
}
