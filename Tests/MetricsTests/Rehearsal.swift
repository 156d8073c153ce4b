import Foundation
import GeoIP
import SQLite
import TestSupport
@testable import SignalboxMetrics

/// Days of a server's life with everything that goes wrong in them, from a seed.
struct Rehearsal {
    let directory: URL
    let zone: String
    private(set) var bench: Bench
    private(set) var ledger = Ledger()
    private var random: SeededGenerator
    private var now: Int64
    private let dial = Dial()
    private var rooms: Int64 = 0
    /// The peak since the last sample, as the mapping keeps it.
    private var peak: Int64 = 0
    private var isBroken = false

    private static let countries = ["DE", "FR", "US", "BR", "IN", "XX", "T1", "LOCAL", "QZ"]
        .compactMap { CountryCode($0) }

    init(_ directory: URL, zone: String, start: Int64, seed: UInt64) throws {
        self.directory = directory
        self.zone = zone
        now = start
        random = SeededGenerator(seed: seed)
        bench = try Bench(
            directory, zone: zone, now: start, counters: true, retention: .forEver, gauges: [dial])
    }

    mutating func run(steps: Int) async throws {
        for _ in 0..<steps {
            events()
            try await happen()
        }
        try await mend()
        now += 60_000
        await flush()
    }

    private mutating func roll(_ range: ClosedRange<Int64>) -> Int64 {
        Int64.random(in: range, using: &random)
    }

    private mutating func events() {
        let (http, ws, bytes) = (roll(0...9), roll(0...3), roll(0...4_000))
        let bugs = max(0, roll(-5...2))
        bench.meter.add(.messages(.http), UInt64(http))
        bench.meter.add(.messages(.ws), UInt64(ws))
        bench.meter.add(.messageBytes, UInt64(bytes))
        bench.meter.add(.reports, UInt64(bugs))
        ledger.count(messages: http + ws, bytes: bytes, bugs: bugs)
        let high = roll(0...40)
        bench.meter.raise(.rooms, to: Int(high))
        peak = max(peak, high)
        rooms = roll(0...30)
        dial.turn(to: Int(rooms))
        for _ in 0..<max(0, roll(-3...3)) {
            let country = Self.countries.randomElement(using: &random) ?? .unknown
            bench.meter.visit(country)
            ledger.visit(country)
        }
    }

    private mutating func happen() async throws {
        switch roll(0...99) {
        case 0..<45: await flush(after: 60_000)
        case 45..<55:
            // Several in a minute, the second with nothing new.
            await flush(after: roll(1...20_000))
            await flush()
        case 55..<66: await flush(after: roll(2...50) * 60_000)
        case 66..<74: await flush(after: roll(1...11) * 3_600_000 + roll(0...59_999))
        case 74..<76: await flush(after: roll(1...3) * 86_400_000)
        case 76..<80: await flush(after: -roll(1...59_000))
        case 80..<84: await flush(after: -roll(1...70) * 60_000)
        case 84..<86: await flush(after: -roll(1...30) * 3_600_000)
        case 86..<87: await flush(after: -roll(1...3) * 86_400_000)
        case 87..<91: if isBroken { try await mend() } else { try await breakStore() }
        case 91..<94: try await restart(keepsMapping: true)
        case 94..<96: try await restart(keepsMapping: false)
        default: try await kill()
        }
    }

    private mutating func flush(after step: Int64 = 0) async {
        now += step
        await bench.metrics.flush(at: now)
        note()
    }

    private mutating func note() {
        ledger.sample(t: now, rooms: rooms, peak: max(peak, rooms))
        peak = rooms
    }

    // MARK: What goes wrong

    private mutating func breakStore() async throws {
        isBroken = true
        try await bench.store.database.write { try $0.run("ALTER TABLE hours RENAME TO hidden") }
    }

    private mutating func mend() async throws {
        guard isBroken else { return }
        isBroken = false
        try await bench.store.database.write { try $0.run("ALTER TABLE hidden RENAME TO hours") }
    }

    /// A clean end and a new start; the mapping may be gone with a reboot in between.
    private mutating func restart(keepsMapping: Bool) async throws {
        try await mend()
        await bench.metrics.close(at: now)
        note()
        if !keepsMapping {
            try FileManager.default.removeItem(at: directory.appending(path: "counters"))
            peak = 0
        }
        try start()
    }

    /// Killed with counts that no flush has seen: the mapping lives on.
    private mutating func kill() async throws {
        try await mend()
        await flush()
        events()
        try start()
    }

    private mutating func start() throws {
        bench = try Bench(
            directory, zone: zone, now: now, counters: true, retention: .forEver, gauges: [dial])
    }
}
