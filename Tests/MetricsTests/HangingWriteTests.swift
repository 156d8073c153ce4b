import Dispatch
import Testing
import TestSupport
@testable import SignalboxMetrics

/// A disk that neither takes a write nor refuses it.
@Suite("A write that hangs")
struct HangingWriteTests {
    /// Holds the writer's queue until the body is done.
    private func whileWriterHangs(_ bench: Bench, _ body: () async throws -> Void) async throws {
        let (hold, began) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let database = bench.store.database
        let writer = Task {
            try await database.write { _ in
                began.signal()
                hold.wait()
            }
        }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                began.wait()
                continuation.resume()
            }
        }
        defer { hold.signal() }
        try await body()
        hold.signal()
        try await writer.value
    }

    // A sample that waited for the disk would wait for ever here.
    @Test("doesn't keep samples from being taken, each for its own minute", .timeLimit(.minutes(5)))
    func samplesGoOn() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await whileWriterHangs(bench) {
                for minute: Int64 in 0..<10 {
                    bench.meter.add(.messages(.http), UInt64(minute + 1))
                    bench.meter.raise(.rooms, to: Int(20 - minute))
                    await bench.metrics.tick(at: Bench.hour + minute * Bench.minute)
                }
                #expect(bench.metrics.gauges()[.storeUnwrittenPoints] == 10)
            }
            await bench.metrics.flush(at: Bench.hour + 10 * Bench.minute)
            let minutes = try await bench.minutes()
            #expect(minutes.map { $0[.messages] } == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0])
            #expect(minutes.map { $0[.peakRooms] } == [20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 0])
            #expect(minutes.map(\.samples) == [Int64](repeating: 1, count: 11))
            #expect(try await bench.storedTotal(.messages(.http)) == 55)
        }
    }

    @Test("and then fails, keeps what it had in hand and what came meanwhile", .timeLimit(.minutes(5)))
    func hangsAndFails() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, retention: .forEver)
            try await bench.store.database.write { try $0.run("ALTER TABLE hours RENAME TO hidden") }
            let count = Int64(Flushing.pendingMax + 40)
            try await whileWriterHangs(bench) {
                for minute in 0..<count {
                    bench.meter.add(.messages(.http), 1)
                    await bench.metrics.tick(at: Bench.hour + minute * Bench.minute)
                }
            }
            // The write in hand has failed by the time this one gets its turn; it fails too.
            await bench.metrics.flush(at: Bench.hour + count * Bench.minute)
            #expect(try await bench.minutes().isEmpty)
            try await bench.store.database.write { try $0.run("ALTER TABLE hidden RENAME TO hours") }
            await bench.metrics.flush(at: Bench.hour + (count + 1) * Bench.minute)
            let minutes = try await bench.minutes()
            #expect(minutes.sum(.messages) == count)
            #expect(minutes.reduce(0) { $0 + $1.samples } == count + 2)
            #expect(minutes.count <= Flushing.pendingMax)
            #expect(try await bench.storedTotal(.messages(.http)) == count)
        }
    }
}
