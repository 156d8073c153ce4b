import SignalboxMetrics

/// What happened to the server within a series: starts, and times in which too much failed.
struct ChartEvents {
    let marks: [ChartMark]

    /// A few in a million are noise; more than one in a thousand, and more than a handful, would wake somebody.
    private static let (failedShare, failedMin): (Double, Int64) = (0.001, 5)

    init(_ history: StatsHistory, _ input: StatsInput) {
        func time(_ point: Point) -> String { CivilTime(point.t, in: input.timeZone).dateAndTime }
        var marks = history.series.points.flatMap { point -> [ChartMark] in
            var marks: [ChartMark] = []
            let (starts, unclean) = (point[.processStarts], point[.uncleanShutdowns])
            if unclean > 0 {
                marks.append(
                    ChartMark(
                        t: point.t, kind: .uncleanRestart,
                        label: "\(NumberText.exact(unclean)) × started after an unclean end, \(time(point))"))
            } else if starts > 0 {
                marks.append(
                    ChartMark(
                        t: point.t, kind: .restart,
                        label: "\(NumberText.exact(starts)) × started, \(time(point))"))
            }
            if Self.isFailing(point) {
                marks.append(
                    ChartMark(
                        t: point.t, kind: .alert,
                        label: "\(NumberText.exact(point[.http5xx])) × 5xx, \(time(point))"))
            }
            return marks
        }
        marks += history.fired.map { event in
            let limit = event.key.reason.map { " (\(CounterRows.words($0.text)))" } ?? ""
            let time = CivilTime(event.t, in: input.timeZone).dateAndTime
            return ChartMark(t: event.t, kind: .alert, label: "\(event.key.name.text)\(limit) fired, \(time)")
        }
        self.marks = marks
    }

    private static func isFailing(_ point: Point) -> Bool {
        let failed = point[.http5xx]
        let answers = [StoredStat.http2xx, .http4xx, .http429, .http5xx].reduce(0.0) {
            $0 + Double(max(0, point[$1]))
        }
        return failed >= failedMin && Double(failed) >= failedShare * answers
    }
}
