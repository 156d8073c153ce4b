import Testing
import TestSupport
@testable import SignalboxMetrics

/// A disk that is full or gone for longer than a flush.
@Suite("Points that wait for their store")
struct PendingTests {
    private func breakStore(_ bench: Bench) async throws {
        try await bench.store.database.write { try $0.run("ALTER TABLE hours RENAME TO hidden") }
    }

    private func mendStore(_ bench: Bench) async throws {
        try await bench.store.database.write { try $0.run("ALTER TABLE hidden RENAME TO hours") }
    }

    @Test("land each in its own minute, hour and day")
    func ownMinute() async throws {
        try await withTemporaryDirectory { directory in
            let dial = Dial()
            let bench = try Bench(directory, gauges: [dial])
            try await breakStore(bench)
            let numbers = (0..<130).map { Int64($0) }
            for minute in 0..<130 {
                bench.meter.add(.messages(.http), UInt64(minute))
                bench.visit("DE", minute % 3)
                dial.turn(to: minute)
                await bench.metrics.flush(at: Bench.hour + Int64(minute) * Bench.minute + 59_999)
            }
            #expect(try await bench.minutes().isEmpty)
            #expect(bench.metrics.gauges()[.storeUnwrittenPoints] == 130)
            #expect(bench.metrics.gauges()[.storeWritable] == 0)
            try await mendStore(bench)
            await bench.metrics.flush(at: Bench.hour + 130 * Bench.minute)
            let minutes = try await bench.minutes()
            #expect(minutes.map { $0[.messages] } == numbers + [0])
            #expect(minutes.map { $0[.activeRooms] } == numbers + [129])
            #expect(try await bench.hours().map { $0[.messages] } == [1_770, 5_370, 1_245])
            #expect(try await bench.hours().map(\.samples) == [60, 60, 11])
            #expect(try await bench.days().sum(.messages) == 8_385)
            let visits = try await bench.countries(.minutes).filter { $0.visits > 0 }
            let expected = numbers.map { $0 % 3 }.filter { $0 > 0 }
            #expect(visits.map(\.visits) == expected)
            #expect(bench.metrics.gauges()[.storeUnwrittenPoints] == 0)
            #expect(bench.metrics.gauges()[.storeWritable] == 1)
        }
    }

    @Test("are a day's at most; of what is older nothing is lost but its minute")
    func bounded() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, retention: .forEver)
            try await breakStore(bench)
            let more = 61
            for minute in 0..<Flushing.pendingMax + more {
                bench.meter.add(.messages(.http), 1)
                if minute < 10 { bench.visit("DE") }
                await bench.metrics.flush(at: Bench.hour + Int64(minute) * Bench.minute)
            }
            #expect(bench.metrics.gauges()[.storeUnwrittenPoints] == Double(Flushing.pendingMax))
            try await mendStore(bench)
            await bench.metrics.close(at: Bench.hour + Int64(Flushing.pendingMax + more) * Bench.minute)
            let minutes = try await bench.minutes()
            // One more was taken by the close: 1 + 61 + 1 share the first point.
            #expect(minutes.count == Flushing.pendingMax)
            #expect(minutes.first?[.messages] == Int64(more + 2))
            #expect(minutes.dropFirst().dropLast().allSatisfy { $0[.messages] == 1 })
            #expect(minutes.sum(.messages) == Int64(Flushing.pendingMax + more))
            #expect(minutes.reduce(0) { $0 + $1.samples } == Int64(Flushing.pendingMax + more + 1))
            #expect(try await bench.days().sum(.messages) == minutes.sum(.messages))
            #expect(try await bench.countries(.hours).last?.total == 10)
            #expect(try await bench.storedTotal(.messages(.http)) == minutes.sum(.messages))
        }
    }

    @Test("are written by the last flush of a run, all of them")
    func close() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await breakStore(bench)
            for minute: Int64 in 0..<5 {
                bench.meter.add(.messages(.http), 2)
                await bench.metrics.flush(at: Bench.hour + minute * Bench.minute)
            }
            try await mendStore(bench)
            bench.meter.add(.messages(.http), 7)
            await bench.metrics.close(at: Bench.hour + 5 * Bench.minute)
            let next = try Bench(directory)
            #expect(try await next.minutes().map { $0[.messages] } == [2, 2, 2, 2, 2, 7])
            #expect(next.meter.total(.messages(.http)) == 17)
            #expect(next.meter.total(.uncleanShutdowns) == 0)
        }
    }

    @Test("that a kill took with it are counted by the next run, from the mapping")
    func killed() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, counters: true)
            try await breakStore(bench)
            bench.meter.add(.messages(.http), 4)
            bench.visit("DE", 3)
            await bench.metrics.flush(at: Bench.hour)
            try await mendStore(bench)
            let next = try Bench(directory, counters: true)
            await next.metrics.flush(at: Bench.hour + Bench.minute)
            #expect(try await next.minutes().map { $0[.messages] } == [4])
            #expect(try await next.countries(.minutes).map(\.visits) == [3])
        }
    }
}
