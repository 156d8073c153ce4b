import Foundation
import SignalboxMetrics

/// The usage chart with its choices, its table twin, and where its numbers come from.
struct UsagePanel {
    /// One entry of the list of all metrics.
    struct Option {
        let name: String
        let label: String
        let isCurrent: Bool
    }
    /// What the form that chooses a metric sends along.
    struct Field {
        let name: String
        let value: String
    }

    let heading: String
    let metrics: [PanelLink]
    /// Every metric, as the list's options in HTML.
    let options: String
    let fields: [Field]
    let ranges: [PanelLink]
    /// Ways through time where a part of it is shown.
    let moves: [PanelLink]
    /// From our own pure functions; the template doesn't escape it.
    let chart: String
    /// What is to be seen in it, a list in HTML.
    let legend: String
    /// What the chart adds up to.
    let summary: String
    /// Source, bucket, start, and what is missing.
    let provenance: String
    let valueHeading: String
    /// Newest first, as HTML.
    let rows: String
    let hasRows: Bool

    init(_ input: StatsInput, _ history: StatsHistory) {
        let (series, choice, zone) = (history.series, history.choice, input.timeZone)
        let metric = choice.metric
        let points = Self.points(series, metric)
        // A minute's point is written when the minute is over; longer buckets are shown while they fill.
        let isOpen =
            series.bucket > 60_000 && metric.addsUp
            && points.last.map { input.now - CivilTime.clamped($0.t) < series.bucket } == true
        heading = "\(metric.label), \(Self.words(choice.span, input))"
        metrics = ChartMetric.common.map { one in
            PanelLink(
                href: choice.with { $0.metric = one }.link + "#usage", label: one.label,
                isCurrent: one == metric)
        }
        options = TableRows.options(
            (ChartMetric.common + ChartMetric.others).map {
                Option(name: $0.name, label: $0.label, isCurrent: $0 == metric)
            })
        fields = Self.fields(choice)
        // From short to long, as one zooms out.
        ranges = SeriesRange.allCases.reversed().map { range in
            PanelLink(
                href: choice.with { $0.span = .range(range) }.link + "#usage", label: Self.label(range),
                isCurrent: choice.span == .range(range))
        }
        moves = TimeMoves(choice, series, now: input.now).choices
        summary = Self.summary(points, input, history)
        let previous = history.previous.map {
            LineChart.Point(t: $0.t, value: Double(max(0, metric.value(of: $0))))
        }
        let hasPrevious = previous.contains { $0.value > 0 }
        let chart = LineChart(
            id: "usage", title: heading, description: summary, points: points, bucket: series.bucket,
            from: min(series.from, points.first?.t ?? .max), to: max(series.until, points.last?.t ?? .min),
            unit: metric.unit, timeZone: zone, lastIsUnfinished: isOpen,
            previous: hasPrevious ? previous : [], marks: ChartEvents(history, input).marks)
        self.chart = chart.svg()
        legend = chart.legend(current: metric.label, previous: "the same length of time before")
        provenance = Self.provenance(input, history, isOpen: isOpen)
        valueHeading = metric.label
        let rows = points.reversed().map { point in
            SeriesRow(
                t: point.t, time: CivilTime(point.t, in: zone).dateAndTime,
                values: [
                    metric.unit == .count
                        ? NumberText.exact(Int64(min(point.value, 9e18))) : metric.unit.text(point.value)
                ])
        }
        self.rows = TableRows.series(rows)
        hasRows = !rows.isEmpty
    }

    /// The series as it happened: without the counts from before the kept history, which stand on the first
    /// point so that the JSON adds up, and would be a spike that never was.
    private static func points(_ series: StatsHistory.Series, _ metric: ChartMetric) -> [LineChart.Point] {
        let baseline = metric.baseline(of: series.baseline)
        return series.points.enumerated().map { index, point in
            let value = metric.value(of: point) &- (index == 0 ? baseline : 0)
            return LineChart.Point(t: point.t, value: Double(max(0, value)))
        }
    }

    private static func summary(
        _ points: [LineChart.Point], _ input: StatsInput, _ history: StatsHistory
    ) -> String {
        guard let highest = points.max(by: { $0.value < $1.value }) else {
            return "Nothing recorded in this range yet."
        }
        let metric = history.choice.metric
        let sum = points.reduce(0) { $0 + $1.value }
        guard highest.value > 0 else { return "Nothing in this range." }
        let time = CivilTime(highest.t, in: input.timeZone).dateAndTime
        let width = NumberText.span(minutes: history.series.bucket / 60_000)
        return metric.addsUp
            ? "\(metric.unit.text(sum)) in all, at most \(metric.unit.text(highest.value)) in \(width) (\(time))."
            : "At most \(metric.unit.text(highest.value))\(metric.unit == .microseconds ? "" : " at once") (\(time))."
    }

    private static func provenance(_ input: StatsInput, _ history: StatsHistory, isOpen: Bool) -> String {
        let (series, metric) = (history.series, history.choice.metric)
        let count = series.points.count
        let every = NumberText.span(minutes: series.bucket / 60_000)
        var parts = [
            "\(NumberText.exact(count)) \(count == 1 ? "point" : "points"), one every \(every)",
            "source: \(series.source)",
        ]
        if let since = series.availableSince {
            let time = CivilTime(since, in: input.timeZone).dateAndTime
            parts.append("kept since \(time) \(CivilTime.name(of: input.timeZone))")
        }
        if metric.unit == .microseconds, series.bucket > 60_000 {
            parts.append("each point is its worst minute")
        }
        if series.partial { parts.append("nothing older is kept for this range") }
        let baseline = metric.baseline(of: series.baseline)
        if baseline > 0 {
            parts.append("\(metric.unit.text(Double(baseline))) more from before that, not drawn")
        }
        if isOpen { parts.append("dashed: still counting") }
        return parts.joined(separator: " · ")
    }

    /// What the address says besides the metric.
    private static func fields(_ choice: StatsChoice) -> [Field] {
        var fields: [Field] = []
        switch choice.span {
        case .range(let range): fields.append(Field(name: "range", value: range.rawValue))
        case .window(let from, let until):
            fields += [Field(name: "from", value: "\(from)"), Field(name: "to", value: "\(until)")]
        }
        if choice.scale != .linear { fields.append(Field(name: "scale", value: choice.scale.rawValue)) }
        if !choice.reloads { fields.append(Field(name: "refresh", value: "0")) }
        return fields
    }

    private static func label(_ range: SeriesRange) -> String {
        switch range {
        case .all: "All"
        case .month: "1 month"
        case .week: "1 week"
        case .day: "1 day"
        case .eightHours: "8 h"
        case .hour: "1 h"
        }
    }

    static func words(_ span: StatsChoice.Span, _ input: StatsInput) -> String {
        switch span {
        case .range(.all): return "all that is kept"
        case .range(.month): return "last month"
        case .range(.week): return "last week"
        case .range(.day): return "last day"
        case .range(.eightHours): return "last 8 hours"
        case .range(.hour): return "last hour"
        case .window(let from, let until):
            let (start, end) = (CivilTime(from, in: input.timeZone), CivilTime(until, in: input.timeZone))
            return "\(start.dateAndTime) to \(start.date == end.date ? end.time : end.dateAndTime)"
        }
    }
}
