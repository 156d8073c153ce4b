/// A counter or gauge that a series can be asked for, by its name on JSON routes.
///
/// The name is a stored column's, a counter family's or a gauge's without `signalbox_`, or a total's of the
/// original's wire format; a count means what was counted within the bucket.
public struct SeriesMetric: Sendable, Hashable {
    public let name: String
    /// The columns that add up to it; more than one only for counts, none for a running total.
    public let stats: [StoredStat]
    private let total: Total?

    /// Running totals that points carry.
    private enum Total: String, CaseIterable {
        case messages = "messages_total"
        case rooms = "rooms_total"
        case bugs = "bugs_total"
    }

    /// nil for a name that nothing has.
    public init?(_ name: String) {
        total = Total(rawValue: name)
        guard let stats = total == nil ? Self.named[name] : [] else { return nil }
        self.name = name
        self.stats = stats
    }

    /// Every name there is.
    public static let names: [String] = (named.keys + Total.allCases.map(\.rawValue)).sorted()

    /// The metric's value of a point that was read with its columns; nil where the point doesn't say.
    public func value(of point: Point) -> Int64? {
        switch total {
        case .messages: point.messagesTotal
        case .rooms: point.roomsTotal
        case .bugs: point.bugsTotal
        case nil: stats.reduce(0) { $0 &+ point[$1] }
        }
    }

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
