/// What fires, a row each.
struct AlertRows {
    struct Row {
        let level: String
        let text: String
        let since: String?
        let silenced: String?
        /// To the chart that shows its course.
        let href: String?
    }

    let rows: [Row]

    init(_ input: StatsInput, _ findings: Findings) {
        rows = findings.list.map { finding in
            Row(
                level: finding.level.rawValue, text: finding.text,
                since: finding.since.map {
                    "since \(ServerState.time($0, input)), \(NumberText.duration(seconds: input.seconds(since: $0)))"
                },
                silenced: finding.silencedUntil.map { "silenced until \(ServerState.time($0, input))" },
                href: finding.metric.flatMap { ChartMetric($0) }.map { metric in
                    StatsChoice().with {
                        $0.metric = metric
                        $0.span = .range(.hour)
                    }.link + "#usage"
                })
        }
    }
}
