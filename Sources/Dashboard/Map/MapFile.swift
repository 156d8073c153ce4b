import Foundation
import GeoIP

/// The map's shapes and the countries' names as they stand in Public/map, checked.
///
/// The files can be replaced by the operator's own. What is let through here can stand in a page as it is.
struct MapFile: Decodable {
    /// Of the picture, in units of its coordinates.
    let width: Double
    let height: Double
    /// Outlines by country code, as in the attribute `d` of an SVG path.
    let paths: [String: String]
    /// Places of states too small for an outline: x and y.
    let dots: [String: [Double]]

    /// Reads `world.json`.
    /// - Throws: ``WorldMap/Failure``
    static func read(_ file: String) throws -> MapFile {
        let data = try contents(file)
        let map: MapFile
        do {
            map = try JSONDecoder().decode(MapFile.self, from: data)
        } catch {
            throw WorldMap.Failure(file, "isn't JSON with width, height, paths and dots")
        }
        if let problem = map.problem() { throw WorldMap.Failure(file, problem) }
        return map
    }

    /// Reads `countries.tsv`: a code, a tab and a name in each line; `#` begins a comment.
    /// - Throws: ``WorldMap/Failure``
    static func readNames(_ file: String) throws -> [String: String] {
        let text = String(decoding: try contents(file), as: UTF8.self)
        var names: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            let name = columns.count == 2 ? columns[1].trimmingCharacters(in: .whitespaces) : ""
            guard !name.isEmpty, isCode(String(columns[0])) else {
                throw WorldMap.Failure(
                    file, "has the line \(shown(line)), which isn't a code, a tab and a name")
            }
            guard names.updateValue(name, forKey: String(columns[0])) == nil else {
                throw WorldMap.Failure(file, "names \(columns[0]) twice")
            }
        }
        return names
    }

    private static func contents(_ file: String) throws -> Data {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw WorldMap.Failure(file, "can't be read")
        }
        return data
    }

    private func problem() -> String? {
        guard (1...100_000).contains(width), (1...100_000).contains(height) else {
            return "has no sensible width and height"
        }
        for (code, path) in paths.sorted(by: { $0.key < $1.key }) {
            guard Self.isCode(code) else { return "has \(Self.shown(code)), which is no country code" }
            guard Self.isPath(path) else { return "has a shape for \(code) that is no path" }
        }
        for (code, dot) in dots.sorted(by: { $0.key < $1.key }) {
            guard Self.isCode(code) else { return "has \(Self.shown(code)), which is no country code" }
            guard dot.count == 2, (0...width).contains(dot[0]), (0...height).contains(dot[1]) else {
                return "has a dot for \(code) that isn't x and y within the picture"
            }
            if paths[code] != nil { return "has both a shape and a dot for \(code)" }
        }
        let missing = CountryCode.assigned.map(\.text).filter { paths[$0] == nil && dots[$0] == nil }
        return missing.isEmpty ? nil : "lacks \(missing.prefix(5).joined(separator: ", "))"
    }

    private static func isCode(_ text: String) -> Bool {
        text.utf8.count == 2 && text.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }

    /// Begins with a move and has nothing but what paths are made of: no quote, no bracket, no reference.
    private static func isPath(_ text: String) -> Bool {
        (text.hasPrefix("m") || text.hasPrefix("M")) && text.utf8.allSatisfy(pathBytes.contains)
    }

    private static let pathBytes = Set("MmLlHhVvCcSsQqTtAaZz0123456789 ,.+-".utf8)

    /// A strange text as it may stand in a log.
    private static func shown(_ text: some StringProtocol) -> String {
        String(text.prefix(40)).debugDescription
    }
}
