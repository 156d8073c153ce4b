import GeoIP
import SQLite
import TestSupport
@testable import SignalboxMetrics

/// Random visits into a country table as flushes bring them: countries that come late, gaps of days, and a
/// clock that steps back.
struct CountryScript: Sendable {
    let table: CountryTable
    private var steps = 0
    private var random: SeededGenerator
    private var t: Int64
    private var standing: CountryTable.Totals = [:]

    private static let countries = ["DE", "FR", "US", "BR", "XX", "T1", "LOCAL", "IN", "NZ", "ZA"]
        .compactMap { CountryCode($0) }

    init(_ table: CountryTable, seed: UInt64) {
        self.table = table
        random = SeededGenerator(seed: seed)
        t = Bench.hour
    }

    mutating func write(_ connection: Connection, steps count: Int) throws {
        for _ in 0..<count {
            steps += 1
            // Every 25 steps one more country may appear.
            let known = Self.countries.prefix(2 + steps / 25)
            var visits: CountryTable.Totals = [:]
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                visits[known.randomElement(using: &random) ?? .unknown, default: 0] +=
                    Int64.random(in: 1...5, using: &random)
            }
            t += step()
            try table.add(connection, at: t, visits, standing: standing)
            standing.merge(visits, uniquingKeysWith: +)
        }
    }

    private mutating func step() -> Int64 {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<11: table.width
        case 11..<13: 0
        case 13..<15: table.width * Int64.random(in: 1...30, using: &random)
        case 15: table.period * Int64.random(in: 1...4, using: &random) + 17
        case 16: -Int64.random(in: 1..<table.width, using: &random)
        case 17, 18: -table.width * Int64.random(in: 1...20, using: &random)
        default: -table.period * Int64.random(in: 1...5, using: &random)
        }
    }

    /// Windows that don't get the sum of their rows, in words.
    mutating func wrongWindows(_ connection: Connection, count: Int) throws -> [String] {
        let rows = try CountryRow.all(connection, table)
        var wrong: [String] = []
        let (first, last) = (rows.first?.t ?? 0, rows.last?.t ?? 0)
        for _ in 0..<count {
            var ends = (0..<2).map { _ in
                Int64.random(in: first - table.period...last + table.period, using: &random)
            }
            // On a row's time, on a period's start, or anywhere.
            for index in ends.indices {
                switch Int.random(in: 0..<3, using: &random) {
                case 0: ends[index] = rows.randomElement(using: &random)?.t ?? 0
                case 1: ends[index] = floorTo(table.period, ends[index])
                default: break
                }
            }
            let (from, until) = (ends.min() ?? 0, Bool.random(using: &random) ? ends.max() ?? 0 : .max)
            var sum: [String: Int64] = [:]
            for row in rows where row.t >= from && row.t < until && row.visits > 0 {
                sum[row.country, default: 0] += row.visits
            }
            let answer = try table.visits(connection, from: from, until: until)
            let named = Dictionary(uniqueKeysWithValues: answer.map { ($0.key.text, $0.value) })
            if named != sum { wrong.append("\(from) ..< \(until): \(named), not \(sum)") }
        }
        return wrong
    }
}
