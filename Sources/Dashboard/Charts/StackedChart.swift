public import Foundation

/// Several series over time that add up, as an SVG picture: areas upon each other, or, on an axis of powers
/// of ten, a line for each, since a stack's heights would mean nothing there.
public struct StackedChart: Sendable {
    public struct Layer: Sendable {
        public let name: String
        /// What the style sheet knows it by: `2xx` is drawn with the class `layer-2xx`.
        public let kind: String
        public let points: [LineChart.Point]

        public init(name: String, kind: String, points: [LineChart.Point]) {
            self.name = name
            self.kind = kind
            self.points = points
        }
    }

    public enum Scale: String, Sendable {
        case linear
        case log
    }

    /// Prefix of the ids within the picture; unique on a page.
    public var id: String
    public var title: String
    /// What the picture shows, for those who don't see it. The scale, gaps and marks are told after it.
    public var description: String
    /// From the bottom up. A time that one of them has and another lacks counts as 0 there.
    public var layers: [Layer]
    /// The time from one point to the next, in ms; where the next one is further away there is a gap.
    public var bucket: Int64
    /// Start of the window, Unix ms. Points outside of it are left out.
    public var from: Int64
    /// End of the window, Unix ms.
    public var to: Int64
    public var scale: Scale
    public var unit: ValueUnit
    public var timeZone: TimeZone
    public var marks: [ChartMark]

    public init(
        id: String, title: String, description: String, layers: [Layer], bucket: Int64, from: Int64,
        to: Int64, scale: Scale, unit: ValueUnit = .count, timeZone: TimeZone = .gmt, marks: [ChartMark] = []
    ) {
        self.id = id
        self.title = title
        self.description = description
        self.layers = layers
        self.bucket = bucket
        self.from = from
        self.to = to
        self.scale = scale
        self.unit = unit
        self.timeZone = timeZone
        self.marks = marks
    }

    /// The picture, ready to stand in an HTML page.
    public func svg() -> String {
        let window = ChartWindow(from: from, to: to, bucket: bucket)
        let rows = LayerRows(layers.map { window.drawable($0.points) })
        let peak = scale == .log ? rows.highest : rows.highestSum
        let highest = peak?.value ?? 0
        let frame = ChartFrame(
            id: id, title: title, description: account, window: window,
            axis: scale == .log
                ? ValueAxis(powersTo: highest, unit: unit) : ValueAxis(highest: highest, unit: unit),
            unit: unit, timeZone: timeZone, marks: marks, times: rows.times)
        let runs = shown(rows, frame)
        return frame.svg(
            areas: scale == .linear ? areas(rows, runs, frame) : "",
            lines: scale == .log ? lines(rows, runs, frame) : "", peak: peak)
    }

    /// What its colours, strokes and signs mean, as a list in HTML; the top layer first, as in the picture.
    public func legend() -> String {
        let window = ChartWindow(from: from, to: to, bucket: bucket)
        var legend = ChartLegend()
        for layer in layers.indices.reversed() {
            if scale == .log {
                legend.add(line: "line " + style(layer), layers[layer].name)
            } else {
                legend.add(area: "layer " + style(layer), layers[layer].name)
            }
        }
        let times = LayerRows(layers.map { window.drawable($0.points) }).times
        legend.add(marks, gaps: !window.gaps(times).isEmpty, in: window)
        return legend.html
    }

    private var account: String {
        let words =
            scale == .log
            ? "One line each on an axis of powers of \(unit == .bytes ? "32" : "ten"), with zero on its floor."
            : "Stacked from the bottom up."
        let names = "\(layers.map(\.name).joined(separator: ", ")): \(words)"
        return [description, layers.isEmpty ? "" : names].filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// The rows of each unbroken run, thinned as a line's points are, but the same for all layers.
    private func shown(_ rows: LayerRows, _ frame: ChartFrame) -> [[Int]] {
        let (plot, x) = (ChartFrame.plot, rows.times.map(frame.x))
        return ChartFrame.finest(from: 2, limit: 4_200) { column in
            let isCrowded = plot.isCrowded(rows.times.count, column: column)
            let runs = frame.window.runs(rows.times, joining: isCrowded ? frame.duration(column) : 0)
                .map { isCrowded ? rows.thinned(PlotPath.columns(x[$0], width: column)) : Array($0) }
            let places = layers.indices.reduce(0) { sum, layer in
                runs.reduce(sum) { $0 + rows.present(layer, in: $1).reduce(0) { $0 + $1.count + 2 } }
            }
            return (runs, places)
        }
    }

    private func lines(_ rows: LayerRows, _ runs: [[Int]], _ frame: ChartFrame) -> String {
        layers.indices.map { layer in
            let values = rows.layers[layer]
            let path = runs.map { run in
                let places = run.map { frame.place(LineChart.Point(t: rows.times[$0], value: values[$0])) }
                return rows.present(layer, in: run).map { ChartFrame.plot.line(places[$0]) }.joined()
            }.joined()
            return PlotPath.stroke("line " + style(layer), path, title: layers[layer].name)
        }.joined()
    }

    /// Each area reaches down to the floor, and the one below is painted over it: so their edges meet
    /// without a seam, and each edge is written once.
    private func areas(_ rows: LayerRows, _ runs: [[Int]], _ frame: ChartFrame) -> String {
        let stacks = runs.map { run in run.map { stack($0, rows, frame) } }
        return layers.indices.reversed().map { layer in
            let path = zip(runs, stacks).map { run, stacks in
                let places = zip(run, stacks).map { row, stack in
                    PlotPath.Place(x: frame.x(rows.times[row]), y: stack[layer])
                }
                return rows.present(layer, in: run).map { area(places[$0]) }.joined()
            }.joined()
            guard !path.isEmpty else { return "" }
            return MarkupText.element(
                "path",
                ["class": "layer " + style(layer), "d": path, "vector-effect": "non-scaling-stroke"],
                MarkupText.element("title", [:], MarkupText.escaped(layers[layer].name)))
        }.joined()
    }

    /// A sample on its own is a bar three units wide.
    private func area(_ places: ArraySlice<PlotPath.Place>) -> String {
        guard let first = places.first, places.count == 1 else { return ChartFrame.plot.area(places) }
        return ChartFrame.plot.area([-1.5, 1.5].map { PlotPath.Place(x: first.x + $0, y: first.y) })
    }

    /// How far down from the plot's top each layer's upper edge lies in a row.
    ///
    /// Three errors among a hundred thousand answers would be a hundredth of a pixel, and they are what the
    /// chart is looked at for: an error that happened is at least two pixels high. What is added for it is
    /// taken from the stack's largest part, so that the top remains at the sum; only where nothing is large
    /// enough the stack grows over it.
    private func stack(_ row: Int, _ rows: LayerRows, _ frame: ChartFrame) -> [Double] {
        let plot = ChartFrame.plot
        var heights = rows.layers.map { frame.axis.height($0[row]) * plot.height }
        var added = 0.0
        for layer in layers.indices
        where Self.errors.contains(layers[layer].kind) && heights[layer] > 0 && heights[layer] < Self.least {
            added += Self.least - heights[layer]
            heights[layer] = Self.least
        }
        if added > 0, let largest = heights.indices.max(by: { heights[$0] < heights[$1] }),
            heights[largest] >= added + Self.least
        {
            heights[largest] -= added
        }
        var top = plot.height
        for layer in layers.indices {
            top -= heights[layer]
            heights[layer] = top
        }
        return heights
    }

    private static let errors: Set<String> = ["4xx", "429", "5xx"]
    private static let least = 2.0

    private func style(_ layer: Int) -> String { "layer-" + MarkupText.identifier(layers[layer].kind) }
}
