import SignalboxMetrics

/// The usage chart with its choices, its table twin, and where its numbers come from.
struct UsagePanel {
    struct Choice {
        let href: String
        let label: String
        let isCurrent: Bool
    }
    struct Row {
        let time: String
        let value: String
    }

    let heading: String
    let metrics: [Choice]
    let ranges: [Choice]
    /// From our own pure functions; the template doesn't escape it.
    let chart: String
    /// What the chart adds up to.
    let summary: String
    /// Source, bucket, start, and what is missing.
    let provenance: String
    let valueHeading: String
    /// Newest first.
    let rows: [Row]

    init(_ input: StatsInput) {
        let (series, metric, zone) = (input.series, input.metric, input.timeZone)
        let reloads = input.reloads
        let points = Self.points(series, metric)
        // A minute's point is written when the minute is over; longer buckets are shown while they fill.
        let isOpen =
            series.bucket > 60_000 && metric.addsUp
            && points.last.map { input.now - CivilTime.clamped($0.t) < series.bucket } == true
        heading = "\(metric.label), \(Self.words(series.range))"
        metrics = ChartMetric.allCases.map {
            Choice(
                href: Self.href(series.range, $0, reloads: reloads), label: $0.label, isCurrent: $0 == metric)
        }
        // From short to long, as one zooms out.
        ranges = SeriesRange.allCases.reversed().map {
            Choice(
                href: Self.href($0, metric, reloads: reloads), label: Self.label($0),
                isCurrent: $0 == series.range)
        }
        summary = Self.summary(points, input)
        chart = LineChart(
            id: "usage", title: heading, description: summary, points: points, bucket: series.bucket,
            from: min(series.requestedSince ?? input.now - 3_600_000, points.first?.t ?? .max),
            to: max(input.now, points.last?.t ?? .min), unit: metric.unit, timeZone: zone,
            lastIsUnfinished: isOpen
        ).svg()
        provenance = Self.provenance(input, isOpen: isOpen)
        valueHeading = metric.label
        rows = points.reversed().map { point in
            Row(
                time: CivilTime(point.t, in: zone).dateAndTime,
                value: metric.unit == .bytes
                    ? NumberText.bytes(point.value) : NumberText.exact(Int64(min(point.value, 9e18))))
        }
    }

    /// The series as it happened: without the counts from before the kept history, which stand on the first
    /// point so that the JSON adds up, and would be a spike that never was.
    private static func points(_ series: SeriesAnswer, _ metric: ChartMetric) -> [LineChart.Point] {
        let baseline = metric.baseline(of: series)
        return series.points.enumerated().map { index, point in
            let value = metric.value(of: point) &- (index == 0 ? baseline : 0)
            return LineChart.Point(t: point.t, value: Double(max(0, value)))
        }
    }

    private static func summary(_ points: [LineChart.Point], _ input: StatsInput) -> String {
        guard let highest = points.max(by: { $0.value < $1.value }) else {
            return "Nothing recorded in this range yet."
        }
        let unit = input.metric.unit
        let sum = points.reduce(0) { $0 + $1.value }
        guard highest.value > 0 else { return "Nothing in this range." }
        let time = CivilTime(highest.t, in: input.timeZone).dateAndTime
        let width = NumberText.span(minutes: input.series.bucket / 60_000)
        return input.metric.addsUp
            ? "\(unit.text(sum)) in all, at most \(unit.text(highest.value)) in \(width) (\(time))."
            : "At most \(unit.text(highest.value)) at once (\(time))."
    }

    private static func provenance(_ input: StatsInput, isOpen: Bool) -> String {
        let series = input.series
        let count = series.points.count
        let every = NumberText.span(minutes: series.bucket / 60_000)
        var parts = [
            "\(NumberText.exact(count)) \(count == 1 ? "point" : "points"), one every \(every)",
            "source: \(series.source == .minute ? "minutes" : "hours")",
        ]
        if let since = series.availableSince {
            let time = CivilTime(since, in: input.timeZone).dateAndTime
            parts.append("kept since \(time) \(CivilTime.name(of: input.timeZone))")
        }
        if series.partial { parts.append("nothing older is kept for this range") }
        let baseline = input.metric.baseline(of: series)
        if baseline > 0 {
            parts.append("\(input.metric.unit.text(Double(baseline))) more from before that, not drawn")
        }
        if isOpen { parts.append("dashed: still counting") }
        return parts.joined(separator: " · ")
    }

    /// The fragment keeps the chart in view: without a script each choice is a new page.
    private static func href(_ range: SeriesRange, _ metric: ChartMetric, reloads: Bool) -> String {
        address(range, metric, reloads: reloads) + "#usage"
    }

    /// The page with these choices.
    static func address(_ range: SeriesRange, _ metric: ChartMetric, reloads: Bool) -> String {
        "/admin/stats?range=\(range.rawValue)&metric=\(metric.rawValue)" + (reloads ? "&refresh=30" : "")
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

    static func words(_ range: SeriesRange) -> String {
        switch range {
        case .all: "all that is kept"
        case .month: "last month"
        case .week: "last week"
        case .day: "last day"
        case .eightHours: "last 8 hours"
        case .hour: "last hour"
        }
    }
}
