/// Writes rules as PromQL, for one server or many: everything is summed by target.
struct PromQL {
    /// Times that a window is shorter than it says; 1 outside of tests.
    var speed = 1
    /// The target's labels, and the limit where there is an alert for each.
    private static let target = "job, instance"

    /// A duration as Prometheus reads it.
    func duration(minutes: Int) -> String {
        guard speed == 1 else { return "\(max(1, minutes * 60 / speed))s" }
        if minutes % 1_440 == 0, minutes > 0 { return "\(minutes / 1_440)d" }
        return minutes % 60 == 0 && minutes > 0 ? "\(minutes / 60)h" : "\(minutes)m"
    }

    func condition(_ condition: AlertCondition, byLimit: Bool) -> String {
        func compare(_ left: AlertValue, _ sign: String, _ right: AlertValue) -> String {
            "\(value(left, byLimit)) \(sign) \(value(right, byLimit))"
        }
        func joined(_ conditions: [AlertCondition], _ word: String) -> String {
            conditions.map { one in
                let text = self.condition(one, byLimit: byLimit)
                return switch one {
                case .all, .any: "(\n" + Self.indented(text) + "\n)"
                default: text
                }
            }.joined(separator: "\n\(word)\n")
        }
        return switch condition {
        case .above(let left, let right): compare(left, ">", right)
        case .atLeast(let left, let right): compare(left, ">=", right)
        case .below(let left, let right): compare(left, "<", right)
        case .all(let conditions): joined(conditions, "and")
        case .any(let conditions): joined(conditions, "or")
        }
    }

    func value(_ value: AlertValue, _ byLimit: Bool = false) -> String {
        switch value {
        case .constant(let number): AlertRules.plain(number)
        case .count(let stats, let minutes): count(stats, minutes)
        case .limited(let minutes, let ago):
            count(LimitReason.allCases.map { .limited($0) }, minutes, ago)
        case .limitedClients(let minutes):
            count(LimitReason.allCases.map { .limitedClients($0) }, minutes, 0)
        case .errorRatio(let minutes): Self.ratioName(PromQL().duration(minutes: minutes))
        case .gauge(let gauge):
            "max by (\(Self.target)) (\(SlotTable.series(gauge.family.name, gauge.labels)))"
        case .age(let gauge):
            "time() - max by (\(Self.target)) (\(SlotTable.series(gauge.family.name, gauge.labels)))"
        case .quantile(let stat): Self.quantileName(stat)
        case .difference(let left, let right):
            "\(self.value(left, byLimit)) - \(self.value(right, byLimit))"
        case .times(let factor, let one): "\(AlertRules.plain(factor)) * \(factored(one, byLimit))"
        case .up: "up{job=\"signalbox\"}"
        }
    }

    /// What is multiplied. A time that Prometheus doesn't know of had none, rather than an unknown number.
    private func factored(_ value: AlertValue, _ byLimit: Bool) -> String {
        guard case .limited(let minutes, let ago) = value, ago > 0 else { return self.value(value, byLimit) }
        return "(\(self.value(value, byLimit)) or 0 * \(self.value(.limited(minutes: minutes), byLimit)))"
    }

    /// What columns counted together.
    private func count(_ stats: [StoredStat], _ minutes: Int) -> String {
        var (counters, histograms): ([Counter], [String]) = ([], [])
        for stat in stats {
            switch stat.kind {
            case .count(let some): counters += some
            case .observations(let some): histograms += some.prefix(1).map { "\($0.family.name)_count" }
            case .gauge, .resident, .peak, .quantile: continue
            }
        }
        let counts = Self.selectors(counters).map { selector in
            counters.allSatisfy(\.isLifetime)
                ? growth(selector, minutes) : increase(selector, minutes, by: Self.target)
        }
        return (counts + histograms.map { increase($0, minutes, by: Self.target) }).joined(separator: " + ")
    }

    private func count(_ counters: [Counter], _ minutes: Int, _ ago: Int) -> String {
        Self.selectors(counters).map {
            increase($0, minutes, ago: ago, by: "\(Self.target), \(LimitReason.key)")
        }.joined(separator: " + ")
    }

    private func increase(_ selector: String, _ minutes: Int, ago: Int = 0, by labels: String) -> String {
        let offset = ago == 0 ? "" : " offset \(duration(minutes: ago))"
        return "sum by (\(labels)) (increase(\(selector)[\(duration(minutes: minutes))]\(offset)))"
    }

    /// How far back a count is looked for that a downtime has interrupted, in minutes.
    private static let longestDowntime = 7 * 1_440

    /// What a count that goes on over restarts has grown by since its last value of that time ago, which may be
    /// from before a downtime; `increase` knows only what it saw grow within the time. Of a target that is new,
    /// since the lowest.
    private func growth(_ selector: String, _ minutes: Int) -> String {
        let window = duration(minutes: minutes)
        return """
            sum by (\(Self.target)) (
              \(selector) - (
                last_over_time(\(selector)[\(duration(minutes: Self.longestDowntime))] offset \(window))
                or min_over_time(\(selector)[\(window)])
              )
            )
            """
    }

    /// Selectors that choose exactly these series, one for each family.
    static func selectors(_ counters: [Counter]) -> [String] {
        var families: [(Family, [Counter])] = []
        for counter in counters {
            if families.last?.0 == counter.family {
                families[families.count - 1].1.append(counter)
            } else {
                families.append((counter.family, [counter]))
            }
        }
        return families.map { family, chosen in
            let whole = Counter.all.filter { $0.family == family }
            let matchers = (chosen.first?.labels ?? []).indices.compactMap { place -> String? in
                func values(_ some: [Counter]) -> [String] {
                    some.reduce(into: []) { list, one in
                        if !list.contains(one.labels[place].value) { list.append(one.labels[place].value) }
                    }
                }
                let wanted = values(chosen)
                guard wanted.count < values(whole).count else { return nil }
                let key = chosen[0].labels[place].key
                return wanted.count == 1
                    ? "\(key)=\"\(wanted[0])\"" : "\(key)=~\"\(wanted.joined(separator: "|"))\""
            }
            return "\(family.name)_total" + (matchers.isEmpty ? "" : "{\(matchers.joined(separator: ","))}")
        }
    }

    /// The recorded ratio's name, by its window as the rules have it.
    static func ratioName(_ window: String) -> String { "signalbox:server_errors:ratio_rate\(window)" }

    static func quantileName(_ stat: StoredStat) -> String {
        "signalbox:\(stat == .deliveryP99 ? "delivery_lag" : "request_duration")_seconds:p99_1m"
    }

    static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(
            separator: "\n")
    }
}
