import CAllocationCount
import Foundation
import Logging
import SQLite
import SignalboxMetrics

/// Times what counting one event costs, and counts the allocations it makes.
@main
struct Increments {
    static let usage = """
        usage: signalbox-increments [--json]

        Times Meter.add and its kin: the median of \(Timing.rounds) rounds, in nanoseconds per operation as
        each thread sees it, and the number of allocations during 1,000,000 increments. Needs two idle
        processors for about ten seconds. COUNTERS_DIR names the directory of the file mapping, /dev/shm
        unless it is set.
        """

    static func main() {
        let arguments = Set(CommandLine.arguments.dropFirst())
        guard arguments.isSubset(of: ["--json", "--help", "-h"]) else {
            FileHandle.standardError.write(Data((usage + "\n").utf8))
            exit(2)
        }
        if !arguments.isDisjoint(with: ["--help", "-h"]) { return print(usage) }
        do {
            let report = try Report.measured()
            print(try arguments.contains("--json") ? report.json() : report.table())
        } catch {
            FileHandle.standardError.write(Data("Could not measure: \(error)\n".utf8))
            exit(1)
        }
    }
}

extension Report {
    /// Measures everything. Takes about ten seconds.
    static func measured() throws -> Report {
        let place = ProcessInfo.processInfo.environment["COUNTERS_DIR"] ?? "/dev/shm"
        let mapping = "\(place)/signalbox-increments-\(ProcessInfo.processInfo.processIdentifier)"
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer {
            try? FileManager.default.removeItem(atPath: mapping)
            try? FileManager.default.removeItem(at: directory)
        }
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        let database = try Database.open(path: directory.appending(path: "store.sqlite").path).database
        let metrics = Metrics(
            store: try Store(database: database, now: now), countersPath: mapping, sources: { _ in [] },
            now: now, logger: Logger(label: "increments"))
        guard FileManager.default.fileExists(atPath: mapping) else {
            throw MeasuringFailure("no file mapping at \(mapping); COUNTERS_DIR names another directory")
        }

        var report = Report()
        for one in Case.all(inMemory: Meter(), mapped: metrics.meter) {
            let timing =
                one.threads == 1
                ? Timing.alone(operations: 1_000_000, one.work)
                : Timing.together(operations: 300_000, one.work)
            guard let timing else {
                throw MeasuringFailure("two processors are never free at the same time: \(one.name)")
            }
            report.figures.append(Figure(one.name, "ns", timing.median, fastest: timing.fastest, one.target))
        }
        report.figures.append(try allocations(metrics.meter))
        report.figures += scrapes(metrics)
        return report
    }

    /// What a scrape costs, and that its allocations don't grow with the number of series.
    private static func scrapes(_ metrics: Metrics) -> [Figure] {
        let exposition = Exposition(metrics: metrics, version: BuildVersion("0.0.0"))
        var figures: [Figure] = []
        for (name, format) in [("text", Exposition.Format.text), ("OpenMetrics", .openMetrics)] {
            let timing = Timing.alone(operations: 200) { _, operations in
                for _ in 0..<operations { _ = exposition.write(format) }
            }
            figures.append(
                Figure(
                    "one scrape, \(name), \(exposition.write(format).count) bytes", "ns", timing.median,
                    fastest: timing.fastest, 1_000_000))
        }
        let before = allocation_count()
        for _ in 0..<100 { _ = exposition.write(.text) }
        let each = Double(allocation_count() - before) / 100
        figures.append(Figure("allocations of one scrape, all of its thousand series together", "", each, 64))
        return figures
    }

    private static func allocations(_ meter: Meter) throws -> Figure {
        // Counted at all? A thousand known ones say so.
        let known = allocation_count()
        let blocks = (0..<1_000).map { _ in UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 8) }
        guard allocation_count() - known >= 1_000 else {
            throw MeasuringFailure("allocations can't be counted with this C library")
        }
        blocks.forEach { $0.deallocate() }

        let before = allocation_count()
        for step in 0..<1_000_000 {
            meter.add(.requests(.home, StatusClass(status: 200 + step & 0xff)))
            meter.add(.messages(.http))
            meter.observe(.requestDuration(.post), nanoseconds: UInt64(step))
            meter.raise(.subscribers, to: step)
        }
        let made = allocation_count() - before
        return Figure("allocations in 1,000,000 of add, add, observe, raise", "", Double(made), 0)
    }
}

/// Something kept the measuring itself from working.
struct MeasuringFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
