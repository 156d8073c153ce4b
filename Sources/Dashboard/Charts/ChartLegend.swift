/// What the strokes, fills and signs of a chart mean, as a list to stand beside it.
struct ChartLegend {
    private var items = ""

    var html: String { items.isEmpty ? "" : MarkupText.element("ul", ["class": "legend"], items) }

    mutating func add(line kind: String, _ words: String) {
        add(PlotPath.stroke(kind, "M1,6h22"), words)
    }

    mutating func add(area kind: String, _ words: String) {
        add(
            MarkupText.element("rect", ["class": kind, "x": "1", "y": "1", "width": "22", "height": "10"]),
            words)
    }

    /// What there is of marks and gaps.
    mutating func add(_ marks: [ChartMark], gaps: Bool, in window: ChartWindow) {
        for kind in ChartMark.Kind.bySeverity
        where marks.contains(where: { $0.kind == kind && window.holds($0.t) }) {
            add(
                MarkupText.element(
                    "svg", ["class": "event \(kind.style)", "x": "12", "y": "13", "overflow": "visible"],
                    kind.glyph), kind.name)
        }
        if gaps { add(area: "gap", "no samples") }
    }

    private mutating func add(_ swatch: String, _ words: String) {
        items += MarkupText.element(
            "li", [:],
            MarkupText.element(
                "svg", ["class": "swatch", "width": "24", "height": "12", "aria-hidden": "true"], swatch)
                + MarkupText.escaped(words))
    }
}
