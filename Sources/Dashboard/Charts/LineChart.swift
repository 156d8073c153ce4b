public import Foundation

/// One series over time as an SVG picture: a line, the area below it, axes, and a mark on the highest value.
///
/// Only the plot inside, which has the viewBox, is stretched to the width it is given; texts keep their size
/// and stand at percentages, so one picture serves a phone and a wall screen. Value labels stand left of the
/// picture's edge, in room that the style sheet leaves. Colours are the style sheet's too: there is neither
/// script nor style in the picture.
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
    /// What the picture shows, for those who don't see it.
    public var description: String
    /// In order of time. Values that aren't numbers are gaps; what is below 0 counts as 0.
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

    public init(
        id: String, title: String, description: String, points: [Point], bucket: Int64, from: Int64,
        to: Int64, unit: ValueUnit, timeZone: TimeZone = .gmt, lastIsUnfinished: Bool = false
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
    }

    /// Heights in CSS pixels: room for the mark's label, the plot, the time labels.
    private enum Layout {
        static let top = 24.0
        static let plot = 220.0
        static let height = 272.0
        /// Units, not pixels: the plot is stretched. More points than twice this can't be told apart.
        static let width = 1_200.0
    }

    /// The picture, ready to stand in an HTML page.
    public func svg() -> String {
        let window = ChartWindow(self)
        let axis = ValueAxis(highest: window.points.map(\.value).max() ?? 0, unit: unit)
        let name = MarkupText.identifier(id)
        let words =
            MarkupText.element("title", ["id": "\(name)-title"], MarkupText.escaped(title))
            + MarkupText.element("desc", ["id": "\(name)-desc"], MarkupText.escaped(description))
        return MarkupText.element(
            "svg",
            [
                "class": "chart", "role": "img", "width": "100%", "height": text(Layout.height),
                "aria-labelledby": "\(name)-title \(name)-desc",
            ],
            words + valueGrid(axis) + timeGrid(window) + plot(window, axis) + mark(window, axis))
    }

    private func y(_ value: Double, _ axis: ValueAxis) -> Double {
        Layout.plot * (1 - min(1, value / axis.top))
    }

    private func valueGrid(_ axis: ValueAxis) -> String {
        axis.ticks.map { tick in
            let y = Layout.top + y(tick.value, axis)
            let kind = tick.value == 0 ? "grid grid-zero" : "grid"
            return MarkupText.element(
                "line", ["class": kind, "x1": "0", "x2": "100%", "y1": text(y), "y2": text(y)])
                + label("tick", tick.label, x: "-8", y: y + 4, anchor: "end")
        }.joined()
    }

    private func timeGrid(_ window: ChartWindow) -> String {
        let (top, floor) = (Layout.top, Layout.top + Layout.plot)
        let ticks = TimeAxis(from: window.from, to: window.to, timeZone: timeZone).ticks
        return ticks.enumerated().map { index, tick in
            let share = window.share(tick.t)
            let x = percent(share)
            // On a phone there is room for every other label.
            let kind = tick.isMajor ? "tick tick-major" : index.isMultiple(of: 2) ? "tick" : "tick tick-spare"
            return MarkupText.element(
                "line",
                ["class": "grid grid-time", "x1": x, "x2": x, "y1": text(top), "y2": text(floor + 5)])
                + label(kind, tick.label, x: x, y: floor + 20, anchor: anchor(share, margin: 0.02))
        }.joined()
    }

    /// What is stretched to the picture's width.
    private func plot(_ window: ChartWindow, _ axis: ValueAxis) -> String {
        guard !window.points.isEmpty else {
            let words = "Nothing recorded in this range yet"
            return label("chart-empty", words, x: "50%", y: Layout.top + Layout.plot / 2, anchor: "middle")
        }
        return MarkupText.element(
            "svg",
            [
                "class": "plot", "y": text(Layout.top), "width": "100%", "height": text(Layout.plot),
                "viewBox": "0 0 \(text(Layout.width)) \(text(Layout.plot))", "preserveAspectRatio": "none",
                "overflow": "visible",
            ],
            paths(window, axis))
    }

    private func paths(_ window: ChartWindow, _ axis: ValueAxis) -> String {
        let plot = PlotPath(width: Layout.width, height: Layout.plot)
        func places(_ points: [Point]) -> [PlotPath.Place] {
            points.map { PlotPath.Place(x: window.share($0.t) * plot.width, y: y($0.value, axis)) }
        }
        var segments = window.segments(bucket: bucket).map { plot.thinned(places($0)) }
        let area = segments.map(plot.area).joined()
        var unfinished: [PlotPath.Place] = []
        if lastIsUnfinished, let last = segments.last, last.count > 1 {
            unfinished = last.suffix(2)
            // Of two points the first is where the dashes begin, not a dot of its own.
            segments[segments.count - 1] = last.count > 2 ? last.dropLast() : []
        }
        let unfinishedLine = unfinished.isEmpty ? "" : plot.line(unfinished)
        return (area.isEmpty ? "" : MarkupText.element("path", ["class": "area", "d": area]))
            + PlotPath.stroke("line", segments.map(plot.line).joined())
            + PlotPath.stroke("line line-unfinished", unfinishedLine)
    }

    /// A ring and a number on the highest point.
    private func mark(_ window: ChartWindow, _ axis: ValueAxis) -> String {
        guard let highest = window.points.max(by: { $0.value < $1.value }), highest.value > 0 else {
            return ""
        }
        let (share, y) = (window.share(highest.t), Layout.top + y(highest.value, axis))
        let x = percent(share)
        return MarkupText.element("circle", ["class": "mark", "cx": x, "cy": text(y), "r": "3.5"])
            + label(
                "mark-label", unit.text(highest.value), x: x, y: y - 9, anchor: anchor(share, margin: 0.06))
    }

    private func label(_ kind: String, _ words: String, x: String, y: Double, anchor: String) -> String {
        MarkupText.element(
            "text", ["class": kind, "x": x, "y": text(y), "text-anchor": anchor], MarkupText.escaped(words))
    }

    private func text(_ coordinate: Double) -> String { MarkupText.coordinate(coordinate) }

    private func percent(_ share: Double) -> String { NumberText.decimal(share * 100, places: 2) + "%" }

    /// Labels near an edge lean inwards.
    private func anchor(_ share: Double, margin: Double) -> String {
        share < margin ? "start" : share > 1 - margin ? "end" : "middle"
    }
}
