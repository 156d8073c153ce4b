/// The part of a chart's points that can be drawn, and where in its window a time lies.
struct ChartWindow {
    let from: Int64
    let to: Int64
    let points: [LineChart.Point]

    init(_ chart: LineChart) {
        let from = CivilTime.clamped(chart.from)
        let to = max(CivilTime.clamped(chart.to), from + 60_000)
        (self.from, self.to) = (from, to)
        points = chart.points.compactMap { point in
            guard point.value.isFinite, from <= point.t, point.t <= to else { return nil }
            return LineChart.Point(t: point.t, value: max(0, point.value))
        }
    }

    func share(_ t: Int64) -> Double { Double(t - from) / Double(to - from) }

    /// The runs of points without a missing bucket between them.
    func segments(bucket: Int64) -> [[LineChart.Point]] {
        // Samples are a little early or late; half a bucket more than one is a gap.
        let longest = Double(max(bucket, 1)) * 1.5
        var segments: [[LineChart.Point]] = []
        for point in points {
            if let last = segments.last?.last, Double(point.t - last.t) <= longest {
                segments[segments.count - 1].append(point)
            } else {
                segments.append([point])
            }
        }
        return segments
    }
}
