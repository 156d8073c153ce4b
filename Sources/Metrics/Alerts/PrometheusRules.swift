/// The rules as Prometheus reads them: grafana/alerts/signalbox.rules.yml.
public struct PrometheusRules: Sendable {
    private let thresholds: AlertThresholds
    private let promQL: PromQL
    private let runbooks: String

    /// - Parameters:
    ///   - runbooks: where the pages of docs/runbooks are, without a slash at the end.
    ///   - speed: times that windows and durations are shorter than they say; for tests.
    public init(_ thresholds: AlertThresholds, runbooks: String = "docs/runbooks", speed: Int = 1) {
        self.thresholds = thresholds
        self.runbooks = runbooks
        promQL = PromQL(speed: max(1, speed))
    }

    /// The whole file.
    public var text: String {
        let interval = promQL.speed == 1 ? "1m" : "1s"
        let (fast, slow) = (ratios(long: false), ratios(long: true))
        var lines = [
            "# Written by `signalbox alerts --prometheus`; a test fails when this file and the program differ.",
            "# The same rules are evaluated inside the server. docs/alerts.md tells what each means.",
            "groups:",
        ]
        // Windows of days are added up less often: they hardly move within a minute.
        lines += group("signalbox-recording", interval, recorded + fast)
        lines += group("signalbox-recording-long", promQL.speed == 1 ? "2m" : "1s", slow)
        lines += ["", "  - name: signalbox-alerts", "    interval: \(interval)", "    rules:"]
        for rule in AlertRules.all(thresholds) { lines += alert(rule) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func group(_ name: String, _ interval: String, _ records: [(String, String)]) -> [String] {
        (name == "signalbox-recording" ? [] : [""])
            + ["  - name: \(name)", "    interval: \(interval)", "    rules:"]
            + records.flatMap { name, expression in
                ["      - record: \(name)"] + block("expr", expression)
            }
    }

    private func block(_ key: String, _ text: String) -> [String] {
        ["        \(key): |-"]
            + text.split(separator: "\n", omittingEmptySubsequences: false).map { "          \($0)" }
    }

    private var recorded: [(String, String)] {
        func rate(_ stat: StoredStat) -> String {
            promQL.value(.count([stat], minutes: 5)).replacing("increase(", with: "rate(")
        }
        func quantile(_ stat: StoredStat) -> String {
            guard case .quantile(let quantile) = stat.kind, let family = quantile.histograms.first?.family
            else { return "" }
            let buckets = "rate(\(family.name)_bucket[\(promQL.duration(minutes: 1))])"
            return "histogram_quantile(\(quantile.share), sum by (job, instance, le) (\(buckets)))"
        }
        return [
            ("signalbox:server_errors:objective", "vector(\(AlertRules.plain(thresholds.objective)))"),
            ("signalbox:requests:rate5m", rate(.httpRequests)),
            ("signalbox:messages:rate5m", rate(.messages)),
            (PromQL.quantileName(.requestP99), quantile(.requestP99)),
            (PromQL.quantileName(.deliveryP99), quantile(.deliveryP99)),
        ]
    }

    private func ratios(long: Bool) -> [(String, String)] {
        Set(AlertRules.burns.flatMap { [$0.short, $0.long] }).sorted()
            .filter { ($0 > 360) == long }
            .map { minutes in
                // Without the maximum, rounding of two extrapolations could leave less than none.
                let errors = promQL.value(.errors(minutes: minutes))
                let requests = promQL.value(.count([.httpRequests], minutes: minutes))
                return (
                    PromQL.ratioName(PromQL().duration(minutes: minutes)),
                    "clamp_min(\n  \(errors),\n  0)\n/\n\(requests)"
                )
            }
    }

    private func alert(_ rule: AlertRule) -> [String] {
        var lines = ["      - alert: \(rule.name.text)"]
        lines += block("expr", promQL.condition(rule.condition, byLimit: rule.name.isByLimit))
        if rule.hold > 0 { lines.append("        for: \(promQL.duration(minutes: rule.hold))") }
        if rule.keep > 0 { lines.append("        keep_firing_for: \(promQL.duration(minutes: rule.keep))") }
        let limit = rule.name.isByLimit ? " ({{ $labels.reason }})" : ""
        lines += [
            "        labels:", "          severity: \(rule.severity.rawValue)", "        annotations:",
            "          summary: \(quoted(rule.summary + limit))",
            "          description: \(quoted(rule.description))",
            "          runbook_url: \(quoted("\(runbooks)/\(rule.name.text).md"))",
        ]
        return lines
    }

    /// A string of YAML in double quotes.
    private func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
