/// Countries of the world as an SVG picture, coloured by how many visits came from each.
///
/// Outlines and names come from two files, so that the map can be replaced. Colours are the style sheet's, and
/// there is neither script nor style in the picture.
public struct WorldMap: Sendable {
    /// Why the map can't be used, in a sentence for the operator.
    public struct Failure: Error, CustomStringConvertible, Equatable {
        public let description: String

        init(_ file: String, _ problem: String) {
            description = "\(file) \(problem); PUBLIC_DIR must be the whole Public folder."
        }
    }

    /// A country's element without what depends on visits: all of the file's geometry is put together once.
    private struct Shape {
        let code: String
        let isDot: Bool
        /// From the level to the number of visits.
        let beforeVisits: String
        /// From there to the text.
        let beforeText: String
        let end: String
    }

    private let names: [String: String]
    /// By code, outlines before dots: a dot lies on top of its neighbours.
    private let shapes: [Shape]
    private let viewBox: String
    /// About the bytes of a picture.
    private let size: Int

    /// Reads `world.json` and `countries.tsv`.
    /// - Throws: ``Failure``
    public init(directory: String) throws {
        let map = try MapFile.read("\(directory)/world.json")
        let file = "\(directory)/countries.tsv"
        let names = try MapFile.readNames(file)
        func shape(_ code: String, _ geometry: String, isDot: Bool) throws -> Shape {
            guard let name = names[code] else { throw Failure(file, "has no name for \(code)") }
            return Shape(
                code: code, isDot: isDot,
                beforeVisits: " id=\"c-\(code)\"\(geometry) data-n=\"",
                beforeText: "\"><title>\(MarkupText.escaped(name)): ",
                end: "</title></\(isDot ? "circle" : "path")>")
        }
        self.names = names
        shapes =
            try map.paths.sorted { $0.key < $1.key }.map { code, path in
                try shape(code, " d=\"\(path)\"", isDot: false)
            }
            + map.dots.sorted { $0.key < $1.key }.map { code, dot in
                let (x, y) = (MarkupText.coordinate(dot[0]), MarkupText.coordinate(dot[1]))
                return try shape(code, " cx=\"\(x)\" cy=\"\(y)\"", isDot: true)
            }
        viewBox = "0 0 \(MarkupText.coordinate(map.width)) \(MarkupText.coordinate(map.height))"
        size = shapes.reduce(1_024) { $0 + $1.beforeVisits.utf8.count + $1.beforeText.utf8.count + 64 }
    }

    /// The country's English name.
    public func name(of code: String) -> String? { names[code] }

    /// The levels of a picture with these visits. Only what is on the map counts.
    public func scale(of visits: [String: Int64]) -> MapScale {
        MapScale(highest: counts(visits).max() ?? 0)
    }

    /// The picture, ready to stand in an HTML page. Codes that aren't on the map are left out.
    /// - Parameter id: Prefix of the ids of title and description; those of the countries are `c-DE` and so on.
    public func svg(id: String, title: String, description: String, visits: [String: Int64]) -> String {
        let name = MarkupText.identifier(id)
        let counts = counts(visits)
        let scale = MapScale(highest: counts.max() ?? 0)
        var picture = ""
        picture.reserveCapacity(size + title.utf8.count + description.utf8.count)
        picture += "<svg class=\"map\" role=\"img\" viewBox=\"\(viewBox)\""
        picture += " aria-labelledby=\"\(name)-title \(name)-desc\">"
        picture += MarkupText.element("title", ["id": "\(name)-title"], MarkupText.escaped(title))
        picture += MarkupText.element("desc", ["id": "\(name)-desc"], MarkupText.escaped(description))
        for (shape, count) in zip(shapes, counts) {
            let level = scale.level(of: count)
            let number = count < 1_000 ? String(count) : NumberText.exact(count)
            picture += shape.isDot ? Self.dots[level] : Self.outlines[level]
            picture += shape.beforeVisits
            picture += number
            picture += count == 1 ? " visit" : " visits"
            picture += shape.beforeText
            picture += number
            picture += shape.end
        }
        picture += "</svg>"
        return picture
    }

    /// The visits of each shape.
    private func counts(_ visits: [String: Int64]) -> [Int64] {
        shapes.map { max(0, visits[$0.code] ?? 0) }
    }

    // How an element of each level begins. Dots grow with the level; those without visits can still be seen.
    private static let outlines = (0...5).map { "<path class=\"c c\($0)\"" }
    private static let dots = (0...5).map { level in
        "<circle class=\"c c\(level) map-dot\" r=\"\(MarkupText.coordinate(4 + Double(level) / 2))\""
    }
}
