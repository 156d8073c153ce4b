import Testing
@testable import SignalboxMetrics

@Suite("The rules")
struct AlertRulesTests {
    @Test("there is one for each name, in order, with words that end like sentences")
    func complete() {
        let rules = AlertRules.all()
        #expect(rules.map(\.name).sorted { $0.rawValue < $1.rawValue } == AlertName.allCases)
        for rule in rules {
            #expect(rule.description.hasSuffix("."), "\(rule.name)")
            #expect(!rule.summary.isEmpty && !rule.summary.hasSuffix("."), "\(rule.name)")
        }
    }

    @Test("a selector chooses exactly the series that a column counts", arguments: StoredStat.allCases)
    func selectors(stat: StoredStat) {
        guard case .count(let counters) = stat.kind else { return }
        var chosen: Set<Counter> = []
        for selector in PromQL.selectors(counters) { chosen.formUnion(series(of: selector)) }
        #expect(chosen == Set(counters), "\(PromQL.selectors(counters))")
    }

    /// The series that a selector matches, read as Prometheus reads it.
    private func series(of selector: String) -> [Counter] {
        let name = selector.prefix { $0 != "{" }
        let matchers = selector.matches(of: /(\w+)=(~?)"([^"]*)"/).map { match in
            (key: String(match.1), values: match.3.split(separator: "|").map(String.init))
        }
        return Counter.all.filter { counter in
            counter.family.name + "_total" == name
                && matchers.allSatisfy { matcher in
                    counter.labels.contains { $0.key == matcher.key && matcher.values.contains($0.value) }
                }
        }
    }

    @Test("durations are written as Prometheus reads them, and shorter for a test")
    func durations() {
        #expect(
            [1, 15, 60, 90, 1_440, 4_320].map { PromQL().duration(minutes: $0) } == [
                "1m", "15m", "1h", "90m", "1d", "3d",
            ])
        #expect([1, 15, 60].map { PromQL(speed: 60).duration(minutes: $0) } == ["1s", "15s", "60s"])
    }

    @Test("thresholds get into the rules as they are set")
    func thresholds() {
        var thresholds = AlertThresholds()
        thresholds.objective = 0.99
        thresholds.limitedMin = 777
        let text = PrometheusRules(thresholds).text
        #expect(text.contains("signalbox:server_errors:ratio_rate1h > 0.144"))
        #expect(text.contains(">= 777"))
        #expect(text.contains("At least 777 requests"))
    }
}
