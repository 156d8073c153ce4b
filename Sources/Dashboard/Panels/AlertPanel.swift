import SignalboxMetrics
import Web

/// Every alert with its state, and the form that silences one.
struct AlertPanel {
    struct Row {
        let name: String
        let severity: String
        let state: String
        /// For the style sheet: quiet, pending or firing.
        let tone: String
        let silenced: String?
        let summary: String
    }
    struct Choice {
        let value: String
        let label: String
    }

    /// How many fire and are silenced, in words.
    let summary: String
    /// Rows of the table, as HTML.
    let rows: String
    let names: [Choice]
    let durations: [Choice]
    /// Alerts whose silence can be ended.
    let silences: [Choice]
    private let input: StatsInput

    init(_ input: StatsInput) {
        self.input = input
        let facts = input.alerts
        let rows = facts.rules.map { Self.row($0, input) }
        let counts = [
            "\(NumberText.exact(Int64(facts.firing.count))) firing",
            "\(NumberText.exact(Int64(facts.reports.count { $0.state.phase == .pending }))) pending",
            "\(NumberText.exact(Int64(facts.rules.count))) rules",
        ]
        summary = counts.joined(separator: ", ")
        self.rows = TableRows.alerts(rows)
        names =
            [Choice(value: "all", label: "all alerts")] + rows.map { Choice(value: $0.name, label: $0.name) }
        durations = SilenceRoute.hours.map {
            Choice(value: "\($0)", label: NumberText.span(minutes: $0 * 60))
        }
        func label(_ name: String, _ until: Int64) -> Choice {
            Choice(
                value: name == "all alerts" ? "all" : name,
                label: "\(name), silenced until \(ServerState.time(until, input))")
        }
        silences =
            (facts.silences.ofAll.map { [label("all alerts", $0)] } ?? [])
            + facts.silences.byName.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                label($0.key.text, $0.value)
            }
    }

    private static func row(_ rule: AlertRule, _ input: StatsInput) -> Row {
        let reports = input.alerts.reports.filter { $0.key.name == rule.name }
        func words(_ phase: AlertPhase, _ word: String) -> String? {
            let ours = reports.filter { $0.state.phase == phase }
            guard let since = ours.map(\.state.since).min() else { return nil }
            let limits = ours.compactMap { $0.key.reason?.text }.map(CounterRows.words)
            return "\(word) since \(ServerState.time(since, input))"
                + (limits.isEmpty ? "" : ": \(limits.joined(separator: ", "))")
        }
        let (firing, pending) = (words(.firing, "firing"), words(.pending, "pending"))
        return Row(
            name: rule.name.text, severity: rule.severity.rawValue, state: firing ?? pending ?? "quiet",
            tone: firing != nil ? "firing" : pending != nil ? "pending" : "quiet",
            silenced: input.alerts.silences.until(rule.name).map {
                "silenced until \(ServerState.time($0, input))"
            }, summary: rule.summary)
    }

    /// `GET /api/metrics/alerts`.
    func write(to json: inout JSONWriter) {
        let facts = input.alerts
        json.key("alerts")
        json.array { list in
            for rule in facts.rules {
                let reports = facts.reports.filter { $0.key.name == rule.name && $0.state.phase != .resolved }
                list.object {
                    $0.field("name", rule.name.text)
                    $0.field("severity", rule.severity.rawValue)
                    $0.field("summary", rule.summary)
                    $0.field("description", rule.description)
                    $0.field("for_minutes", rule.hold)
                    $0.field("keep_firing_for_minutes", rule.keep)
                    $0.field("silenced_until", facts.silences.until(rule.name))
                    $0.key("active")
                    $0.array { list in
                        for report in reports {
                            list.object {
                                $0.field("state", report.state.phase.rawValue)
                                $0.field("since", report.state.since)
                                $0.field("limit", report.key.reason?.text)
                            }
                        }
                    }
                }
            }
        }
        json.field("all_silenced_until", facts.silences.ofAll)
    }
}
