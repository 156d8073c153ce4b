/// Turns points into the paths of a line and of the area below it.
struct PlotPath {
    /// A place in the plot, x to the right, y downwards.
    struct Place: Equatable {
        let x: Double
        let y: Double
    }

    let width: Double
    let height: Double

    /// At most the first, lowest, highest and last place of every pixel column, in their order: more can't
    /// be seen, and a spike of one minute in a month still is.
    func thinned(_ places: [Place]) -> [Place] {
        guard Double(places.count) > width * 2 else { return places }
        var kept: [Place] = []
        var start = 0
        while start < places.count {
            let column = places[start].x.rounded(.down)
            var (end, lowest, highest) = (start, start, start)
            while end < places.count, places[end].x.rounded(.down) == column {
                if places[end].y > places[lowest].y { lowest = end }
                if places[end].y < places[highest].y { highest = end }
                end += 1
            }
            // The rest of a month would hide an edge column's first or last place; inside, two will do.
            let edges = [start == 0 ? start : nil, end == places.count ? end - 1 : nil].compactMap { $0 }
            kept += Set([lowest, highest] + edges).sorted().map { places[$0] }
            start = end
        }
        return kept
    }

    /// `M0,5L3,4…`; a place on its own becomes a dot by way of round line caps.
    func line(_ segment: [Place]) -> String {
        guard let first = segment.first else { return "" }
        guard segment.count > 1 else { return "M\(text(first))h.01" }
        return "M" + segment.map(text).joined(separator: "L")
    }

    /// The area between the line and the plot's floor.
    func area(_ segment: [Place]) -> String {
        guard let first = segment.first, let last = segment.last, segment.count > 1 else { return "" }
        let floor = MarkupText.coordinate(height)
        return "M\(MarkupText.coordinate(first.x)),\(floor)L" + segment.map(text).joined(separator: "L")
            + "L\(MarkupText.coordinate(last.x)),\(floor)Z"
    }

    /// A stroked path whose width doesn't stretch with the plot; nothing for an empty one.
    static func stroke(_ kind: String, _ d: String) -> String {
        guard !d.isEmpty else { return "" }
        return MarkupText.element(
            "path", ["class": kind, "d": d, "fill": "none", "vector-effect": "non-scaling-stroke"])
    }

    private func text(_ place: Place) -> String {
        "\(MarkupText.coordinate(place.x)),\(MarkupText.coordinate(place.y))"
    }
}
