import Foundation
import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("A restart")
struct RestartTests {
    @Test("leaves every total as it was", arguments: [true, false])
    func totalsSurvive(counters: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let first = try Bench(directory, counters: counters)
            for counter in Counter.all { first.meter.add(counter, UInt64(counter.slot + 1)) }
            first.meter.raise(.rooms, to: 9)
            first.meter.markSequence(123_456)
            let before = first.meter.slots.values()
            await first.metrics.close(at: Bench.hour)
            let second = try Bench(directory, counters: counters)
            for counter in Counter.all where counter != .processStarts {
                #expect(second.meter.total(counter) == before[counter.slot], "\(counter)")
            }
            #expect(second.meter.highest(.rooms) == 9)
            #expect(second.meter.sequenceMark == 123_456)
            #expect(second.store.firstBoot == first.store.firstBoot)
        }
    }

    @Test("is counted, and a clean one isn't taken for a crash")
    func clean() async throws {
        try await withTemporaryDirectory { directory in
            let first = try Bench(directory)
            await first.metrics.close(at: Bench.hour)
            let second = try Bench(directory)
            #expect(second.meter.total(.processStarts) == 2)
            #expect(second.meter.total(.uncleanShutdowns) == 0)
        }
    }

    @Test("after a run that didn't end well is noticed, even when that run never flushed")
    func unclean() async throws {
        try await withTemporaryDirectory { directory in
            _ = try Bench(directory, counters: true)
            let second = try Bench(directory, counters: true)
            #expect(second.meter.total(.uncleanShutdowns) == 1)
            #expect(second.meter.total(.processStarts) == 2)
        }
    }

    @Test("after a kill neither loses nor doubles what was counted since the last flush")
    func killed() async throws {
        try await withTemporaryDirectory { directory in
            let first = try Bench(directory, counters: true)
            first.meter.add(.messages(.http), 5)
            await first.metrics.flush(at: Bench.hour)
            first.meter.add(.messages(.http), 3)
            // Killed here: nothing more is written.
            let second = try Bench(directory, counters: true)
            #expect(second.meter.total(.messages(.http)) == 8)
            #expect(second.meter.sinceStart(.messages(.http)) == 0)
            second.meter.add(.messages(.http), 2)
            await second.metrics.flush(at: Bench.hour + Bench.minute)
            #expect(try await second.minutes().map { $0[.messages] } == [5, 5])
            #expect(try await second.storedTotal(.messages(.http)) == 10)
        }
    }

    @Test("after power loss goes on from the store's totals")
    func powerLoss() async throws {
        try await withTemporaryDirectory { directory in
            let first = try Bench(directory, counters: true)
            first.meter.add(.messages(.http), 5)
            await first.metrics.flush(at: Bench.hour)
            first.meter.add(.messages(.http), 3)
            try FileManager.default.removeItem(at: directory.appending(path: "counters"))
            let second = try Bench(directory, counters: true)
            #expect(second.meter.total(.messages(.http)) == 5)
            await second.metrics.flush(at: Bench.hour + Bench.minute)
            #expect(try await second.minutes().sum(.messages) == 5)
        }
    }

    @Test("doesn't carry the last run's peak of the minute into a later one")
    func minutePeak() async throws {
        try await withTemporaryDirectory { directory in
            let first = try Bench(directory)
            first.meter.raise(.subscribers, to: 50)
            await first.metrics.close(at: Bench.hour)
            let second = try Bench(directory)
            await second.metrics.flush(at: Bench.hour + Bench.minute)
            #expect(try await second.minutes().map { $0[.peakSubs] } == [50, 0])
            #expect(second.meter.highest(.subscribers) == 50)
        }
    }

    @Test("with a counters' file of another store doesn't count that store's events")
    func foreignCounters() async throws {
        try await withTemporaryDirectory { directory in
            let first = try Bench(directory, counters: true)
            first.meter.add(.reports, 70)
            await first.metrics.close(at: Bench.hour)
            // The operator put the database away and starts anew.
            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(
                    at: directory.appending(path: "signalbox.sqlite" + suffix))
            }
            let second = try Bench(directory, counters: true)
            #expect(second.meter.total(.reports) == 0)
        }
    }
}
