public import Foundation

/// One series over time as an SVG picture: a line, the area below it, axes, and a mark on the highest value;
/// behind it the same for an earlier time, where missing samples are, and what happened when.
public struct LineChart: Sendable {
    public struct Point: Sendable {
        /// Unix ms.
        public var t: Int64
        public var value: Double

        public init(t: Int64, value: Double) {
            self.t = t
            self.value = value
        }
    }

    /// Prefix of the ids within the picture; unique on a page.
    public var id: String
    public var title: String
    /// What the picture shows, for those who don't see it. Gaps and marks are told after it.
    public var description: String
    /// Values that aren't numbers are gaps; what is below 0 counts as 0.
    public var points: [Point]
    /// The time from one point to the next, in ms; where the next one is further away there is a gap.
    public var bucket: Int64
    /// Start of the window, Unix ms. Points outside of it are left out.
    public var from: Int64
    /// End of the window, Unix ms.
    public var to: Int64
    public var unit: ValueUnit
    public var timeZone: TimeZone
    /// The last point's bucket is still being counted: the way there is dashed, or it would read as a fall.
    public var lastIsUnfinished: Bool
    /// The points of an earlier time, moved into this window, to compare with.
    public var previous: [Point]
    public var marks: [ChartMark]

    public init(
        id: String, title: String, description: String, points: [Point], bucket: Int64, from: Int64,
        to: Int64, unit: ValueUnit, timeZone: TimeZone = .gmt, lastIsUnfinished: Bool = false,
        previous: [Point] = [], marks: [ChartMark] = []
    ) {
        self.id = id
        self.title = title
        self.description = description
        self.points = points
        self.bucket = bucket
        self.from = from
        self.to = to
        self.unit = unit
        self.timeZone = timeZone
        self.lastIsUnfinished = lastIsUnfinished
        self.previous = previous
        self.marks = marks
    }

    /// The picture, ready to stand in an HTML page.
    public func svg() -> String {
        let window = ChartWindow(from: from, to: to, bucket: bucket)
        let (points, previous) = (window.drawable(points), window.drawable(previous))
        let peak = points.max { $0.value < $1.value }
        let highest = max(peak?.value ?? 0, previous.map(\.value).max() ?? 0)
        let frame = ChartFrame(
            id: id, title: title, description: description, window: window,
            axis: ValueAxis(highest: highest, unit: unit), unit: unit, timeZone: timeZone, marks: marks,
            times: points.map(\.t))
        let plot = ChartFrame.plot
        var segments = frame.segments(points)
        // What is faint needs less detail than the line.
        let isCrowded = plot.isCrowded(points.count)
        let area = segments.map { plot.area(isCrowded ? plot.thinned($0, column: 2) : $0) }.joined()
        let earlier = frame.segments(previous, column: 4).map(plot.line).joined()
        var unfinished = ""
        if lastIsUnfinished, let last = segments.last, last.count > 1 {
            unfinished = plot.line(last.suffix(2))
            // Of two points the first is where the dashes begin, not a dot of its own.
            segments[segments.count - 1] = last.count > 2 ? last.dropLast() : []
        }
        return frame.svg(
            areas: area.isEmpty ? "" : MarkupText.element("path", ["class": "area", "d": area]),
            lines: PlotPath.stroke("line line-previous", earlier)
                + PlotPath.stroke("line", segments.map(plot.line).joined())
                + PlotPath.stroke("line line-unfinished", unfinished),
            peak: peak)
    }

    /// What is to be seen besides the line, as a list in HTML; empty when that is nothing.
    /// - Parameters:
    ///   - current: what the line is called.
    ///   - previous: what the line of the earlier time is called.
    public func legend(current: String, previous: String) -> String {
        let window = ChartWindow(from: from, to: to, bucket: bucket)
        var legend = ChartLegend()
        if !window.drawable(self.previous).isEmpty {
            legend.add(line: "line", current)
            legend.add(line: "line line-previous", previous)
        }
        legend.add(marks, gaps: !window.gaps(window.drawable(points).map(\.t)).isEmpty, in: window)
        return legend.html
    }
}
