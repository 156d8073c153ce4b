import SignalboxMetrics

/// Answers by class of status over time, with a table twin.
struct ClassesPanel {
    let heading: String
    let scales: [PanelLink]
    /// From our own pure functions; the template doesn't escape it.
    let chart: String
    /// What its colours mean and what they add up to, a list in HTML.
    let legend: String
    let labels: [String]
    /// Newest first, as HTML.
    let rows: String
    let hasRows: Bool

    /// From the bottom up: what is normal carries the rest.
    private static let classes: [(kind: String, label: String, stat: StoredStat)] = [
        ("2xx", "2xx and 3xx", .http2xx), ("4xx", "4xx", .http4xx), ("429", "429", .http429),
        ("5xx", "5xx", .http5xx),
    ]

    init(_ input: StatsInput, _ history: StatsHistory) {
        let (series, choice) = (history.series, history.choice)
        heading = "Answers by status, \(UsagePanel.words(choice.span, input))"
        scales = [(StackedChart.Scale.linear, "Linear"), (.log, "Log")].map { scale, label in
            PanelLink(
                href: choice.with { $0.scale = scale }.link + "#classes", label: label,
                isCurrent: choice.scale == scale)
        }
        func value(_ point: Point, _ stat: StoredStat) -> Int64 { max(0, point[stat]) }
        labels = Self.classes.map(\.label)
        let totals = Self.classes.map { one in
            NumberText.exact(series.points.reduce(0 as Int64) { boundedSum($0, value($1, one.stat)) })
        }
        let chart = StackedChart(
            id: "classes", title: heading,
            description: zip(labels, totals).map { "\($0): \($1)" }.joined(separator: ", ") + ".",
            layers: zip(Self.classes, totals).map { one, total in
                StackedChart.Layer(
                    name: "\(one.label): \(total)", kind: one.kind,
                    points: series.points.map {
                        LineChart.Point(t: $0.t, value: Double(value($0, one.stat)))
                    })
            },
            bucket: series.bucket, from: min(series.from, series.points.first?.t ?? .max),
            to: max(series.until, series.points.last?.t ?? .min), scale: choice.scale,
            timeZone: input.timeZone)
        self.chart = chart.svg()
        legend = chart.legend()
        let rows = series.points.reversed().map { point in
            SeriesRow(
                t: point.t, time: CivilTime(point.t, in: input.timeZone).dateAndTime,
                values: Self.classes.map { NumberText.exact(value(point, $0.stat)) })
        }
        self.rows = TableRows.series(rows)
        hasRows = !rows.isEmpty
    }
}
