extension AlertCondition {
    /// Whether it holds at the newest sample. What has no value holds for nothing.
    func holds(_ series: AlertSeries, reason: LimitReason?) -> Bool {
        func compare(
            _ left: AlertValue, _ right: AlertValue, _ relation: (Double, Double) -> Bool
        ) -> Bool {
            guard let left = left.value(series, reason), let right = right.value(series, reason) else {
                return false
            }
            return relation(left, right)
        }
        return switch self {
        case .above(let left, let right): compare(left, right, >)
        case .atLeast(let left, let right): compare(left, right, >=)
        case .below(let left, let right): compare(left, right, <)
        case .all(let conditions): conditions.allSatisfy { $0.holds(series, reason: reason) }
        case .any(let conditions): conditions.contains { $0.holds(series, reason: reason) }
        }
    }
}

extension AlertValue {
    /// The value at the newest sample; nil where there is none.
    func value(_ series: AlertSeries, _ reason: LimitReason?) -> Double? {
        switch self {
        case .constant(let value): return value
        case .count(let stats, let minutes):
            return Double(stats.reduce(0) { boundedSum($0, series.count($1, minutes: minutes)) })
        case .limited(let minutes, let ago):
            guard let stat = reason.flatMap({ StoredStat.limited[$0] }) else { return nil }
            // What isn't known of another day is compared with nothing.
            return ago == 0
                ? Double(series.count(stat, minutes: minutes))
                : series.before[ago].map { Double($0[stat] ?? 0) }
        case .limitedClients(let minutes):
            return reason.flatMap { StoredStat.limitedClients[$0] }
                .map { Double(series.count($0, minutes: minutes)) }
        case .errorRatio(let minutes):
            let requests = series.count(.httpRequests, minutes: minutes)
            let errors = AlertValue.errors(minutes: minutes).value(series, reason)
            return requests > 0 ? errors.map { $0 / Double(requests) } : nil
        case .gauge(let gauge):
            return StoredStat.column(of: gauge).flatMap { stat in series.newest.map { Double($0[stat]) } }
        case .age(let gauge):
            guard let newest = series.newest, let stat = StoredStat.column(of: gauge) else { return nil }
            return Double(newest.t) / 1_000 - Double(newest[stat])
        case .quantile(let stat):
            return series.newest.map { Double($0[stat]) / 1_000_000 }
        case .difference(let left, let right):
            guard let left = left.value(series, reason), let right = right.value(series, reason) else {
                return nil
            }
            return max(0, left - right)
        case .times(let factor, let value): return value.value(series, reason).map { factor * $0 }
        case .up: return nil
        }
    }
}

extension StoredStat {
    /// The column of each limit's 429s.
    static let limited = byReason { .limited($0) }
    /// The column of how many met each limit.
    static let limitedClients = byReason { .limitedClients($0) }

    private static func byReason(_ counter: (LimitReason) -> Counter) -> [LimitReason: StoredStat] {
        var columns: [LimitReason: StoredStat] = [:]
        for stat in allCases {
            guard case .count(let counters) = stat.kind, counters.count == 1 else { continue }
            for reason in LimitReason.allCases where counters[0] == counter(reason) { columns[reason] = stat }
        }
        return columns
    }

    private static let gaugeColumns: [Gauge: StoredStat] = {
        var columns: [Gauge: StoredStat] = [:]
        for stat in allCases {
            if case .gauge(let gauges) = stat.kind, gauges.count == 1 { columns[gauges[0]] = stat }
        }
        return columns
    }()

    /// The column that holds a gauge alone.
    static func column(of gauge: Gauge) -> StoredStat? { gaugeColumns[gauge] }
}
