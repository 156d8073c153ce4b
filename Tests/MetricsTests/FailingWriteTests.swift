import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("A store that can't be written")
struct FailingWriteTests {
    private func breakStore(_ bench: Bench) async throws {
        try await bench.store.database.write { try $0.run("ALTER TABLE hours RENAME TO hidden") }
    }

    private func mendStore(_ bench: Bench) async throws {
        try await bench.store.database.write { try $0.run("ALTER TABLE hidden RENAME TO hours") }
    }

    @Test("keeps the counts for the next flush")
    func countsAreKept() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.meter.add(.messages(.http), 4)
            try await breakStore(bench)
            await bench.metrics.flush(at: Bench.hour)
            // The minute was written before the hour failed: the transaction takes it back.
            #expect(try await bench.minutes().isEmpty)
            #expect(bench.meter.total(.storeFlushes(.failed)) == 1)
            try await mendStore(bench)
            bench.meter.add(.messages(.http), 1)
            await bench.metrics.flush(at: Bench.hour + Bench.minute)
            // Each in its own minute, as if the disk had never been away.
            #expect(try await bench.minutes().map { $0[.messages] } == [4, 1])
            #expect(try await bench.hours().sum(.messages) == 5)
            #expect(try await bench.storedTotal(.messages(.http)) == 5)
        }
    }

    @Test("keeps the minute's peak for its own point")
    func peaksAreKept() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.meter.raise(.rooms, to: 30)
            try await breakStore(bench)
            await bench.metrics.flush(at: Bench.hour)
            try await mendStore(bench)
            await bench.metrics.flush(at: Bench.hour + Bench.minute)
            #expect(try await bench.minutes().map { $0[.peakRooms] } == [30, 0])
        }
    }

    @Test("isn't taken for a store that was written")
    func lastFlush() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await breakStore(bench)
            await bench.metrics.flush(at: Bench.hour)
            #expect(bench.metrics.lastFlushAt == 0)
        }
    }

    @Test("at the end isn't noted as a clean end")
    func failedClose() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await breakStore(bench)
            await bench.metrics.close(at: Bench.hour)
            try await mendStore(bench)
            #expect(try Bench(directory).meter.total(.uncleanShutdowns) == 1)
        }
    }
}
