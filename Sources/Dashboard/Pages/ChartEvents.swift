import SignalboxMetrics

/// What happened to the server within a series: starts, and server errors.
struct ChartEvents {
    let marks: [ChartMark]

    init(_ history: StatsHistory, _ input: StatsInput) {
        func time(_ point: Point) -> String { CivilTime(point.t, in: input.timeZone).dateAndTime }
        marks = history.series.points.flatMap { point -> [ChartMark] in
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
            if point[.http5xx] > 0 {
                marks.append(
                    ChartMark(
                        t: point.t, kind: .alert,
                        label: "\(NumberText.exact(point[.http5xx])) × 5xx, \(time(point))"))
            }
            return marks
        }
    }
}
