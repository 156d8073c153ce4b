/// Turns points into the paths of a line and of the area below it.
struct PlotPath {
    /// A place in the plot, x to the right, y downwards.
    struct Place: Equatable {
        let x: Double
        let y: Double

        /// Without a fraction to the right, which is shorter and among many columns not seen.
        var inColumn: Place { Place(x: x.rounded(), y: y) }
    }

    let width: Double
    let height: Double

    /// Whether there are more places than can be told apart in columns of a width.
    func isCrowded(_ count: Int, column: Double = 1) -> Bool { Double(count) * column > width * 2 }

    /// At most the first, lowest, highest and last place of every column, in their order: more can't
    /// be seen, and a spike of one minute in a month still is.
    func thinned(_ places: [Place], column: Double = 1) -> [Place] {
        var kept: [Place] = []
        for range in Self.columns(places.map(\.x)[...], width: column) {
            var (lowest, highest) = (range.lowerBound, range.lowerBound)
            for index in range {
                if places[index].y > places[lowest].y { lowest = index }
                if places[index].y < places[highest].y { highest = index }
            }
            // The rest of a month would hide an edge column's first or last place; inside, two will do.
            for index in range
            where index == lowest || index == highest || index == 0 || index == places.count - 1 {
                kept.append(places[index].inColumn)
            }
        }
        return kept
    }

    /// The indices of what stands in the same column, left to right; empty columns are left out.
    static func columns(_ x: ArraySlice<Double>, width: Double) -> [Range<Int>] {
        var columns: [Range<Int>] = []
        var (start, current) = (x.startIndex, Int64(0))
        for index in x.indices {
            let column = Int64(x[index] / width)
            if column != current, index > start {
                columns.append(start..<index)
                start = index
            }
            current = column
        }
        if start < x.endIndex { columns.append(start..<x.endIndex) }
        return columns
    }

    /// `M0,5L3,4…`; a place on its own becomes a dot by way of round line caps.
    func line(_ segment: some BidirectionalCollection<Place>) -> String {
        text(segment) + (segment.count == 1 ? "h.01" : "")
    }

    /// The area between the line and the plot's floor.
    func area(_ segment: some BidirectionalCollection<Place>) -> String {
        guard let first = segment.first, let last = segment.last, segment.count > 1 else { return "" }
        return text([Place(x: first.x, y: height)] + segment + [Place(x: last.x, y: height)]) + "Z"
    }

    /// A stroked path whose width doesn't stretch with the plot; nothing for an empty one.
    static func stroke(_ kind: String, _ d: String, title: String = "") -> String {
        guard !d.isEmpty else { return "" }
        return MarkupText.element(
            "path", ["class": kind, "d": d, "fill": "none", "vector-effect": "non-scaling-stroke"],
            title.isEmpty ? "" : MarkupText.element("title", [:], MarkupText.escaped(title)))
    }

    /// Written byte by byte, since a chart has thousands of places.
    private func text(_ places: some Collection<Place>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(places.count * 12)
        for place in places {
            bytes.append(UInt8(ascii: bytes.isEmpty ? "M" : "L"))
            MarkupText.append(place.x, to: &bytes)
            bytes.append(UInt8(ascii: ","))
            MarkupText.append(place.y, to: &bytes)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
