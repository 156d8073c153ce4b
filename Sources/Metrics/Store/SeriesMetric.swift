/// A counter or gauge that a series can be asked for, by its name on JSON routes.
///
/// The name is a stored column's, a counter family's or a gauge's without `signalbox_`, or a total's of the
/// original's wire format; a count means what was counted within the bucket.
public struct SeriesMetric: Sendable, Hashable {
    public let name: String
    /// The columns that add up to it; more than one only for counts.
    public let stats: [StoredStat]

    /// nil for a name that nothing has.
    public init?(_ name: String) {
        guard let stats = Self.named[name] else { return nil }
        self.name = name
        self.stats = stats
    }

    /// Every name there is.
    public static let names: [String] = named.keys.sorted()

    private static let named: [String: [StoredStat]] = {
        var named = Dictionary(uniqueKeysWithValues: StoredStat.allCases.map { ($0.rawValue, [$0]) })
        func add(_ name: String, _ stats: [StoredStat]?) {
            if named[name] == nil, let stats { named[name] = stats }
        }
        for total in OriginalTotal.allCases { add(total.rawValue, cover(Set(total.counters))) }
        let families = Dictionary(grouping: Counter.all) { $0.family.jsonName }
        for (name, counters) in families { add(name, cover(Set(counters))) }
        for gauge in Gauge.all {
            let name = ([gauge.family.jsonName] + gauge.labels.map(\.value)).joined(separator: "_")
            let stat = StoredStat.allCases.first {
                if case .gauge(let gauges) = $0.kind { gauges == [gauge] } else { false }
            }
            add(name, stat.map { [$0] })
        }
        add("peak_concurrent_rooms", [.peakRooms])
        add("peak_concurrent_subs", [.peakSubs])
        return named
    }()

    /// Columns that together count exactly these series, each once; nil when there are none.
    private static func cover(_ wanted: Set<Counter>) -> [StoredStat]? {
        let candidates = StoredStat.allCases.compactMap { stat -> (StoredStat, Set<Counter>)? in
            guard case .count(let counters) = stat.kind else { return nil }
            return (stat, Set(counters))
        }.sorted { $0.1.count > $1.1.count }
        var (left, chosen) = (wanted, [StoredStat]())
        for (stat, counters) in candidates where !left.isEmpty && counters.isSubset(of: left) {
            left.subtract(counters)
            chosen.append(stat)
        }
        return left.isEmpty ? chosen : nil
    }
}
