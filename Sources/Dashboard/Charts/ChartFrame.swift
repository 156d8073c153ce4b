import Foundation

/// What charts over time share: the picture with its name, the grids and their labels, bands where samples
/// are missing, and marks of what happened.
///
/// Only the plots inside, which have the viewBox, are stretched to the width they are given; texts and signs
/// keep their size and stand at percentages, so one picture serves a phone and a wall screen. Value labels
/// stand left of the picture's edge, in room that the style sheet leaves. Colours are the style sheet's too:
/// there is neither script nor style in the picture.
struct ChartFrame {
    /// Prefix of the ids within the picture; unique on a page.
    let id: String
    let title: String
    let description: String
    let window: ChartWindow
    let axis: ValueAxis
    let unit: ValueUnit
    let timeZone: TimeZone
    let marks: [ChartMark]
    /// When there are samples, in order.
    let times: [Int64]

    /// Its width is in units, not pixels. More points than twice this can't be told apart.
    static let plot = PlotPath(width: 1_200, height: 220)

    /// Heights in CSS pixels: room for signs and labels, then the plot and the time labels.
    private enum Layout {
        static let top = 24.0
        static let height = 272.0
    }

    /// The picture, ready to stand in an HTML page.
    /// - Parameters:
    ///   - areas: what is filled, in the plot's units; lies under the grid.
    ///   - lines: what is stroked; lies above the grid.
    ///   - peak: the highest point, which gets a ring and its number.
    func svg(areas: String, lines: String, peak: LineChart.Point?) -> String {
        let name = MarkupText.identifier(id)
        let gaps = window.gaps(times)
        let words =
            MarkupText.element("title", ["id": "\(name)-title"], MarkupText.escaped(title))
            + MarkupText.element("desc", ["id": "\(name)-desc"], MarkupText.escaped(account(of: gaps)))
        return MarkupText.element(
            "svg",
            [
                "class": "chart", "role": "img", "width": "100%", "height": text(Layout.height),
                "aria-labelledby": "\(name)-title \(name)-desc", "data-from": "\(window.from)",
                "data-to": "\(window.to)", "data-bucket": "\(window.bucket)",
            ],
            words + plot(gaps.map(band).joined() + areas, overflow: "hidden") + valueGrid() + timeGrid()
                + plot(lines, overflow: "visible") + emptyText() + events() + mark(peak))
    }

    /// Where a value lies in the plot.
    func place(_ point: LineChart.Point) -> PlotPath.Place {
        PlotPath.Place(x: x(point.t), y: y(point.value))
    }

    func x(_ t: Int64) -> Double { window.share(t) * Self.plot.width }

    /// The unbroken runs of a line, thinned when there are more points than can be told apart in columns of a
    /// width; and then a gap narrower than a column doesn't break the line.
    func segments(_ points: [LineChart.Point], column: Double = 1) -> [[PlotPath.Place]] {
        let times = points.map(\.t)
        return Self.finest(from: column, limit: Int(Self.plot.width / column * 2.2)) { column in
            guard Self.plot.isCrowded(points.count, column: column) else {
                return (window.runs(times).map { points[$0].map(place) }, points.count)
            }
            let segments = window.runs(times, joining: duration(column)).map { run in
                Self.plot.thinned(points[run].map(place), column: column)
            }
            return (segments, segments.reduce(0) { $0 + $1.count })
        }
    }

    /// A drawing in the finest columns in which it has at most `limit` places: what has many gaps or many
    /// layers would be too much for a page.
    static func finest<Drawing>(
        from column: Double, limit: Int, _ draw: (_ column: Double) -> (Drawing, places: Int)
    ) -> Drawing {
        let (drawing, places) = draw(column)
        return places <= limit || column >= 32
            ? drawing : finest(from: column * 2, limit: limit, draw)
    }

    /// How many ms a width in the plot stands for.
    func duration(_ width: Double) -> Int64 {
        Int64(Double(window.to - window.from) * width / Self.plot.width)
    }

    private func y(_ value: Double) -> Double { Self.plot.height * (1 - axis.height(value)) }

    /// The description, and what else can be seen.
    private func account(of gaps: [ChartWindow.Gap]) -> String {
        var parts = description.isEmpty ? [] : [description]
        if !gaps.isEmpty {
            let count = gaps.count == 1 ? "One gap" : "\(gaps.count) gaps"
            parts.append((gaps.contains(where: \.isMerged) ? "Many gaps" : count) + " without samples.")
        }
        let shown = marks.filter { window.holds($0.t) }
        if !shown.isEmpty { parts.append("Marked: \(MarkGroup.counted(shown)).") }
        return parts.joined(separator: " ")
    }

    private func valueGrid() -> String {
        axis.ticks.map { tick in
            let y = Layout.top + y(tick.value)
            let kind = tick.value == 0 ? "grid grid-zero" : "grid"
            return MarkupText.element(
                "line", ["class": kind, "x1": "0", "x2": "100%", "y1": text(y), "y2": text(y)])
                + label("tick", tick.label, x: "-8", y: y + 4, anchor: "end")
        }.joined()
    }

    private func timeGrid() -> String {
        let (top, floor) = (Layout.top, Layout.top + Self.plot.height)
        let ticks = TimeAxis(from: window.from, to: window.to, timeZone: timeZone).ticks
        return ticks.enumerated().map { index, tick in
            let share = window.share(tick.t)
            let x = percent(share)
            let kind = tick.isMajor ? "tick tick-major" : isSpare(index, ticks) ? "tick tick-spare" : "tick"
            return MarkupText.element(
                "line",
                ["class": "grid grid-time", "x1": x, "x2": x, "y1": text(top), "y2": text(floor + 5)])
                + label(kind, tick.label, x: x, y: floor + 20, anchor: anchor(share, margin: 0.03))
        }.joined()
    }

    /// On a phone there is room for every other label, counted from a major one, and for none beside it.
    private func isSpare(_ index: Int, _ ticks: [TimeAxis.Tick]) -> Bool {
        let next = ticks.indices.dropFirst(index).first { ticks[$0].isMajor }
        let major = ticks.indices.prefix(index).last { ticks[$0].isMajor } ?? next ?? 0
        return next == index + 1 || !(index - major).isMultiple(of: 2)
    }

    /// What is stretched to the picture's width. Strokes may stand out over its edges, areas not.
    private func plot(_ content: String, overflow: String) -> String {
        guard !content.isEmpty else { return "" }
        return MarkupText.element(
            "svg",
            [
                "class": Self.plot.isCrowded(times.count) ? "plot plot-dense" : "plot", "y": text(Layout.top),
                "width": "100%", "height": text(Self.plot.height),
                "viewBox": "0 0 \(text(Self.plot.width)) \(text(Self.plot.height))",
                "preserveAspectRatio": "none", "overflow": overflow,
            ],
            content)
    }

    private func band(_ gap: ChartWindow.Gap) -> String {
        let start = x(gap.from)
        // A minute of a month would be too narrow to be seen.
        let width = max(1, x(gap.to) - start)
        return MarkupText.element(
            "rect",
            [
                "class": "gap", "x": text(min(start, Self.plot.width - width)), "width": text(width),
                "height": text(Self.plot.height),
            ],
            MarkupText.element("title", [:], gap.isMerged ? "No samples at times" : "No samples"))
    }

    private func emptyText() -> String {
        guard times.isEmpty else { return "" }
        let words = "Nothing recorded in this range yet"
        return label("chart-empty", words, x: "50%", y: Layout.top + Self.plot.height / 2, anchor: "middle")
    }

    private func events() -> String {
        MarkGroup.groups(marks, in: window, width: Self.plot.width).map { group in
            group.svg(
                x: percent(window.share(group.marks[0].t)), top: Layout.top, height: Self.plot.height)
        }.joined()
    }

    private func mark(_ peak: LineChart.Point?) -> String {
        guard let peak, peak.value > 0 else { return "" }
        let (share, y) = (window.share(peak.t), Layout.top + y(peak.value))
        let x = percent(share)
        return MarkupText.element("circle", ["class": "mark", "cx": x, "cy": text(y), "r": "3.5"])
            + label("mark-label", unit.text(peak.value), x: x, y: y - 9, anchor: anchor(share, margin: 0.06))
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
