import Testing
@testable import SignalboxMetrics

@Suite("Metrics by name")
struct SeriesMetricTests {
    /// The columns that are counted, with what each is made of.
    private static let counted: [StoredStat: Set<Counter>] = Dictionary(
        uniqueKeysWithValues: StoredStat.allCases.compactMap {
            if case .count(let counters) = $0.kind { ($0, Set(counters)) } else { nil }
        })
    private static let byFamily = Dictionary(grouping: Counter.all) { $0.family.jsonName }

    /// The series of a metric's columns, each as often as it is counted.
    private func series(_ metric: SeriesMetric) -> [Counter] {
        metric.stats.flatMap { stat -> [Counter] in
            if case .count(let counters) = stat.kind { counters } else { [] }
        }
    }

    @Test("there are at most 150 columns, and no two have a name in common")
    func budget() {
        #expect(StoredStat.allCases.count <= 150)
        #expect(Set(StoredStat.allCases.map { $0.rawValue.lowercased() }).count == StoredStat.allCases.count)
        // The tables' own columns are no metric's.
        let fixed = ["t", "last_t", "samples", "messages_total", "rooms_total", "bugs_total", "zone", "day"]
        #expect(StoredStat.allCases.allSatisfy { !fixed.contains($0.rawValue) })
    }

    @Test("every series is part of a column, and none is in one column twice")
    func everySeries() {
        let all = Self.counted.values.reduce(into: Set<Counter>()) { $0.formUnion($1) }
        #expect(Set(Counter.all).subtracting(all) == [])
        for case (let stat, .count(let counters)) in StoredStat.allCases.map({ ($0, $0.kind) }) {
            #expect(Set(counters).count == counters.count, "\(stat)")
        }
    }

    @Test("every column's name is its own metric", arguments: StoredStat.allCases)
    func columns(stat: StoredStat) {
        #expect(SeriesMetric(stat.rawValue)?.stats == [stat])
    }

    @Test("every total of the original counts exactly its series", arguments: OriginalTotal.allCases)
    func totals(total: OriginalTotal) throws {
        let metric = try #require(SeriesMetric(total.rawValue))
        #expect(series(metric).map(\.slot).sorted() == total.counters.map(\.slot).sorted())
    }

    @Test("every family's name counts each of its series once", arguments: byFamily.keys.sorted())
    func families(name: String) throws {
        let metric = try #require(SeriesMetric(name))
        // A column may have a family's name and count a part of it; its own name goes first.
        guard StoredStat(rawValue: name) == nil else { return }
        let wanted = Self.byFamily[name]?.map(\.slot) ?? []
        #expect(series(metric).map(\.slot).sorted() == wanted.sorted())
    }

    @Test(
        "a column that has a family's name counts what the family counts", arguments: byFamily.keys.sorted())
    func sameName(name: String) {
        // This one column is older than the families' names; the rest of its family is in `claims_other`.
        guard let stat = StoredStat(rawValue: name), stat != .claims else { return }
        #expect(Self.counted[stat] == Set(Self.byFamily[name] ?? []))
    }

    @Test("every family's columns hold each of its series once", arguments: byFamily.keys.sorted())
    func cover(name: String) {
        // Greedily from the widest column down, and nothing twice: a sum of columns is the family's count.
        var left = Set(Self.byFamily[name] ?? [])
        for counters in Self.counted.values.sorted(by: { $0.count > $1.count })
        where counters.isSubset(of: left) {
            left.subtract(counters)
        }
        #expect(left.isEmpty)
    }

    @Test("every gauge's name is the column that holds it alone", arguments: Gauge.all)
    func gauges(gauge: Gauge) throws {
        let name = ([gauge.family.jsonName] + gauge.labels.map(\.value)).joined(separator: "_")
        let stat = try #require(SeriesMetric(name)?.stats.first)
        guard case .gauge(let gauges) = stat.kind else {
            Issue.record("\(name) is \(stat)")
            return
        }
        #expect(gauges == [gauge])
    }

    @Test("more than one column only adds up counts")
    func severalColumns() {
        for metric in SeriesMetric.names.compactMap({ SeriesMetric($0) }) where metric.stats.count > 1 {
            #expect(metric.stats.allSatisfy { Self.counted[$0] != nil }, "\(metric.name)")
        }
    }

    @Test("a name that nothing has is none", arguments: ["", "t", "samples", "Messages", "messages_", "*"])
    func unknown(name: String) {
        #expect(SeriesMetric(name) == nil)
    }
}
