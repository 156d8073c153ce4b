/// The course of the last values as a small picture without words; the words stand beside it.
public struct Sparkline: Sendable {
    /// Oldest first; nil where there was no value.
    public var values: [Double?]

    /// - Parameter values: oldest first, nil for a missing one; the last 60 are drawn.
    public init(_ values: [Double?]) {
        self.values = values.suffix(Self.length).map { $0.flatMap { $0.isFinite ? max(0, $0) : nil } }
    }

    /// How many values there is room for.
    public static let length = 60
    private static let plot = PlotPath(width: 118, height: 30)

    /// The picture, ready to stand in an HTML page.
    public func svg() -> String {
        let highest = values.compactMap { $0 }.max() ?? 0
        // The newest value stands at the right edge however few there are.
        let offset = Self.length - values.count
        var segments: [[PlotPath.Place]] = []
        var isGap = true
        for (index, value) in values.enumerated() {
            guard let value else {
                isGap = true
                continue
            }
            let x = Double(index + offset) / Double(Self.length - 1) * Self.plot.width
            let place = PlotPath.Place(
                x: x, y: highest > 0 ? Self.plot.height * (1 - value / highest) : Self.plot.height)
            if isGap { segments.append([]) }
            segments[segments.count - 1].append(place)
            isGap = false
        }
        let area = segments.map(Self.plot.area).joined()
        let line = segments.map(Self.plot.line).joined()
        let end = segments.last?.suffix(1).map { Self.plot.line([$0]) }.joined() ?? ""
        return MarkupText.element(
            "svg",
            [
                "class": "spark", "viewBox": "-1 -2 122 34", "preserveAspectRatio": "none",
                "aria-hidden": "true",
            ],
            PlotPath.stroke("spark-base", "M0,30h118")
                + (area.isEmpty ? "" : MarkupText.element("path", ["class": "spark-area", "d": area]))
                + PlotPath.stroke("spark-line", line) + PlotPath.stroke("spark-end", end))
    }
}
