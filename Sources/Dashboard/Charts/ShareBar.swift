/// How two numbers divide a whole, as a small picture without words; the words stand beside it.
public struct ShareBar: Sendable {
    public var first: Double
    public var second: Double

    public init(_ first: Double, _ second: Double) {
        self.first = first
        self.second = second
    }

    /// The picture, ready to stand in an HTML page; empty where there is nothing to divide.
    public func svg() -> String {
        let (first, whole) = (max(0, first), max(0, first) + max(0, second))
        guard whole > 0, whole.isFinite else { return "" }
        let share = 120 * first / whole
        return MarkupText.element(
            "svg",
            ["class": "share", "viewBox": "0 0 120 8", "preserveAspectRatio": "none", "aria-hidden": "true"],
            MarkupText.element("rect", ["class": "share-rest", "width": "120", "height": "8"])
                + MarkupText.element(
                    "rect", ["class": "share-first", "width": MarkupText.coordinate(share), "height": "8"]))
    }
}
