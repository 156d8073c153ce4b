import Foundation
import Logging
import SQLite
import SignalboxMetrics
import Testing

@testable import Dashboard

@Suite struct StatsInputTests {
    @Test func itReadsWhatWasCounted() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "input-\(UUID()).sqlite").path(
            percentEncoded: false)
        defer {
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        }
        let store = try Store(database: Database.open(path: path).database, now: noon - 600_000)
        let metrics = Metrics(
            store: store, countersPath: nil, sources: { _ in [] }, now: noon - 600_000,
            logger: Logger(label: "test"))
        metrics.meter.add(.messages(.http), 5)
        metrics.meter.add(.messages(.ws), 2)
        metrics.meter.add(.limited(.roomRate), 3)
        metrics.meter.raise(.rooms, to: 9)
        await metrics.flush(at: noon - 30_000)

        let input = try await StatsInput.read(
            from: metrics, build: BuildFacts(version: BuildVersion("1.2.3"), commit: nil),
            selfTest: selfTest(week: visits([])), now: noon)
        #expect(input.totals[.messages] == 7)
        #expect(input.sinceStart[.messages] == 7)
        #expect(input.totals.count == OriginalTotal.allCases.count)
        #expect(input.limited[.roomRate] == 3)
        #expect(input.limitedSinceStart[.roomRate] == 3)
        #expect(input.peaks[.rooms] == 9)
        #expect(input.processStarts == 1)
        #expect(input.uncleanShutdowns == 0)
        #expect(input.lastFlushAt == noon - 30_000)
        #expect(input.recent.count == 1)
        #expect(input.residentBytes > 0)
        #expect(input.gauges[.storeBytes] > 0)
        var choice = StatsChoice()
        choice.span = .range(.hour)
        let history = try await StatsHistory.read(from: metrics, choice, now: noon)
        #expect(history.series.points.first?[.messages] == 7)
        #expect(history.previous.isEmpty, "nothing is kept of the hour before")
        #expect(history.store.oldestAt == history.series.availableSince)
        #expect(try statsPage(input, history).contains("All clear"))
    }
}
