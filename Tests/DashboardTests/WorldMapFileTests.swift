import Foundation
import GeoIP
import Testing

@testable import Dashboard

/// Is what is in Public/map the world?
@Suite struct WorldMapGeographyTests {
    private let map: MapFile
    private let boxes: [String: Box]

    private struct Box {
        var (left, right, top, bottom) = (
            Double.infinity, -Double.infinity, Double.infinity, -Double.infinity
        )
        /// The longest step between two corners.
        var longestStep = 0.0
        var x: Double { (left + right) / 2 }
        var y: Double { (top + bottom) / 2 }

        mutating func take(_ x: Double, _ y: Double) {
            (left, right) = (min(left, x), max(right, x))
            (top, bottom) = (min(top, y), max(bottom, y))
        }
    }

    init() throws {
        map = try MapFile.read(publicDirectory.appending(path: "map/world.json").path(percentEncoded: false))
        var boxes = map.paths.mapValues(Self.box)
        for (code, dot) in map.dots {
            boxes[code] = Box()
            boxes[code]?.take(dot[0], dot[1])
        }
        self.boxes = boxes
    }

    /// Follows a path of relative steps: m, l, h, v and z.
    private static func box(_ path: String) -> Box {
        var box = Box()
        var (x, y, startX, startY) = (0.0, 0.0, 0.0, 0.0)
        for part in path.matches(of: /([mlhvz])([^mlhvz]*)/) {
            var numbers = part.output.2.matches(of: /-?[0-9]+/).compactMap { Double($0.output) }[...]
            var letter = part.output.1
            if letter == "z" { (x, y) = (startX, startY) }
            while let first = numbers.popFirst() {
                let step: (Double, Double) =
                    letter == "h"
                    ? (first, 0) : letter == "v" ? (0, first) : (first, numbers.popFirst() ?? .nan)
                (x, y) = (x + step.0, y + step.1)
                box.take(x, y)
                if letter == "m" {
                    (startX, startY, letter) = (x, y, "l")
                } else {
                    box.longestStep = max(box.longestStep, (step.0 * step.0 + step.1 * step.1).squareRoot())
                }
            }
        }
        return box
    }

    private func box(_ code: String) throws -> Box { try #require(boxes[code], "\(code)") }

    @Test func everyCountryLiesInThePicture() {
        for (code, box) in boxes {
            #expect(box.left >= 0 && box.right <= map.width && box.left <= box.right, "\(code)")
            #expect(box.top >= 0 && box.bottom <= map.height && box.top <= box.bottom, "\(code)")
        }
        #expect(boxes.count >= 249)
    }

    /// A coast that is cut at the 180th meridian and sewn together wrongly runs across the whole picture.
    @Test func nothingRunsAcrossTheMap() {
        for (code, box) in boxes {
            // Antarctica is cut off in the south.
            #expect(box.longestStep < map.width / (code == "AQ" ? 2 : 10), "\(code)")
            // It goes around; of Alaska, an island lies on Siberia's side of the cut.
            #expect(box.right - box.left < map.width / 2 || ["AQ", "US"].contains(code), "\(code)")
        }
    }

    @Test func countriesAreWhereTheyBelong() throws {
        for (north, south) in [
            ("DE", "ZA"), ("SE", "IT"), ("CA", "US"), ("US", "MX"), ("MX", "BR"), ("CL", "AQ"), ("CN", "AU"),
            ("IT", "MT"), ("IN", "LK"), ("AU", "TF"), ("GL", "BR"), ("SJ", "NO"), ("ZA", "BV"),
        ] {
            #expect(try box(north).y < box(south).y, "\(north) is north of \(south)")
        }
        for (west, east) in [
            ("US", "FR"), ("PT", "DE"), ("DE", "PL"), ("MA", "EG"), ("IN", "CN"), ("CN", "JP"), ("AU", "NZ"),
            ("BR", "ZA"), ("IE", "GB"), ("KE", "SC"), ("GF", "FR"), ("MQ", "FR"), ("FR", "RE"), ("JP", "UM"),
        ] {
            #expect(try box(west).x < box(east).x, "\(west) is west of \(east)")
        }
        #expect(try box("NZ").x > map.width * 0.8)
        #expect(try box("AQ").bottom > map.height * 0.95)
        // Without its overseas parts, and with all of Siberia.
        #expect(try box("FR").right - box("FR").left < 80)
        #expect(try box("RU").right - box("RU").left > 600)
    }

    @Test func largeCountriesAreShapesAndTheSmallestAreDots() {
        for code in ["RU", "CA", "US", "CN", "BR", "DE", "BE", "CY", "JM", "XK", "TW", "PS", "EH"] {
            #expect(map.paths[code] != nil, "\(code)")
        }
        for code in ["VA", "MC", "MT", "SG", "HK", "GI", "TV", "BV", "UM", "NR"] {
            #expect(map.dots[code] != nil, "\(code)")
        }
    }

    @Test func dotsCanBeToldApart() {
        let dots = Array(map.dots)
        for (index, one) in dots.enumerated() {
            for other in dots[(index + 1)...] {
                let (x, y) = (one.value[0] - other.value[0], one.value[1] - other.value[1])
                #expect(x * x + y * y > 64, "\(one.key) and \(other.key)")
            }
        }
    }
}

/// A folder with a map that isn't ours.
private struct MapFolder: ~Copyable {
    let path = FileManager.default.temporaryDirectory.path + "/signalbox-map-\(UUID().uuidString)"
    var paths: [String: Any] = ["DE": "m1 1h2v2z"]
    var dots: [String: Any] = [:]
    var width: Any = 100
    var names = ""

    init() throws {
        for code in CountryCode.assigned.map(\.text) {
            if code != "DE" { dots[code] = [5, 5.5] }
            names += "\(code)\tLand of \(code)\n"
        }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
    }

    func write() throws {
        let map: [String: Any] = ["width": width, "height": 50, "paths": paths, "dots": dots]
        let json = try JSONSerialization.data(withJSONObject: map)
        try write("world.json", String(decoding: json, as: UTF8.self))
        try write("countries.tsv", names)
    }

    /// What loading the folder says.
    func refusal() -> String {
        do {
            _ = try WorldMap(directory: path)
            return "none"
        } catch {
            return "\(error)".replacing(path + "/", with: "")
        }
    }
}

@Suite struct WorldMapFileTests {
    private static let ending = "; PUBLIC_DIR must be the whole Public folder."
    @Test func aMapOfOnesOwnIsDrawn() throws {
        var folder = try MapFolder()
        folder.names = "# a comment\n" + folder.names + "ZZ\tNowhere\n"
        try folder.write()
        let map = try WorldMap(directory: folder.path)
        let svg = map.svg(id: "map", title: "", description: "", visits: ["FR": 2, "ZZ": 9])
        #expect(svg.contains("viewBox=\"0 0 100 50\""))
        #expect(svg.contains("d=\"m1 1h2v2z\""))
        #expect(svg.contains("id=\"c-FR\" cx=\"5\" cy=\"5.5\""))
        #expect(map.name(of: "ZZ") == "Nowhere" && !svg.contains("ZZ"))
    }

    @Test func aMissingFolderIsNamed() {
        #expect(throws: WorldMap.Failure("/nowhere/map/world.json", "can't be read")) {
            try WorldMap(directory: "/nowhere/map")
        }
        #expect(
            WorldMap.Failure("/nowhere/map/world.json", "can't be read").description
                == "/nowhere/map/world.json can't be read" + Self.ending)
    }

    @Test(
        "a file that isn't a map is refused",
        arguments: [
            "", "{", "null", "[]", "{}", "{\"width\":1,\"height\":1,\"paths\":{},\"dots\":[]}",
            "{\"width\":1,\"height\":1,\"paths\":{\"DE\":7},\"dots\":{}}", "\u{0}\u{FFFD}",
            "{\"width\":1e999,\"height\":1,\"paths\":{},\"dots\":{}}",
        ])
    func notAMap(text: String) throws {
        let folder = try MapFolder()
        try folder.write()
        try folder.write("world.json", text)
        #expect(
            folder.refusal() == "world.json isn't JSON with width, height, paths and dots" + Self.ending)
    }

    @Test(
        "a path may be nothing but a path",
        arguments: [
            "", " ", "1 1h2z", "m1 1\"><script>alert(1)</script>", "m1 1\" onclick=\"x", "m1 1'",
            "m1 1&quot;",
            "m1 1<", "url(#a)", "m1 1\u{0}", "m１ 1", "m1 1 NaN", "m1 1 e9",
        ])
    func hostilePath(path: String) throws {
        var folder = try MapFolder()
        folder.paths["DE"] = path
        try folder.write()
        #expect(folder.refusal() == "world.json has a shape for DE that is no path" + Self.ending)
    }

    @Test("a code is two letters", arguments: ["", "D", "DEU", "de", "D1", "D\"", "<b>", "ÄÖ", "ß"])
    func hostileCode(code: String) throws {
        var folder = try MapFolder()
        folder.paths[code] = "m1 1z"
        try folder.write()
        #expect(
            folder.refusal() == "world.json has \(code.debugDescription), which is no country code"
                + Self.ending)
        folder.paths[code] = nil
        folder.dots[code] = [1, 1]
        try folder.write()
        #expect(folder.refusal().contains("which is no country code"))
    }

    @Test(
        "a dot lies in the picture",
        arguments: [[], [1], [1, 2, 3], [-1, 5], [101, 5], [5, 51], [5, 1e300]] as [[Double]])
    func strayDot(dot: [Double]) throws {
        var folder = try MapFolder()
        folder.dots["MT"] = dot
        try folder.write()
        #expect(
            folder.refusal() == "world.json has a dot for MT that isn't x and y within the picture"
                + Self.ending)
    }

    @Test("the picture has a size", arguments: [0, -1, 0.5, 100_001, 1e300])
    func size(width: Double) throws {
        var folder = try MapFolder()
        folder.width = width
        try folder.write()
        #expect(folder.refusal() == "world.json has no sensible width and height" + Self.ending)
    }

    @Test func aMissingCountryIsNamed() throws {
        var folder = try MapFolder()
        folder.paths["DE"] = nil
        folder.dots["FR"] = nil
        try folder.write()
        #expect(folder.refusal() == "world.json lacks DE, FR" + Self.ending)
        folder.dots = [:]
        try folder.write()
        #expect(folder.refusal() == "world.json lacks AD, AE, AF, AG, AI" + Self.ending)
    }

    @Test func aCountryIsAShapeOrADot() throws {
        var folder = try MapFolder()
        folder.dots["DE"] = [1, 1]
        try folder.write()
        #expect(folder.refusal() == "world.json has both a shape and a dot for DE" + Self.ending)
    }

    @Test(
        "names are a code, a tab and a name",
        arguments: [
            ("DE\tGermany", "names DE twice"), ("DEU\tGermany", #"the line "DEU\tGermany""#),
            ("XK", #"the line "XK""#), ("XK\t", #"the line "XK\t""#), ("XK\t \t", #"the line "XK\t \t""#),
            ("de\tGermany", #"the line "de\tGermany""#),
        ])
    func strayName(line: String, problem: String) throws {
        var folder = try MapFolder()
        folder.names += line + "\n"
        try folder.write()
        let rest = problem.hasPrefix("the") ? ", which isn't a code, a tab and a name" : ""
        #expect(
            folder.refusal() == "countries.tsv \(rest.isEmpty ? "" : "has ")\(problem)\(rest)" + Self.ending)
    }

    @Test func aCountryWithoutANameIsNamed() throws {
        var folder = try MapFolder()
        folder.names = folder.names.replacing("MT\tLand of MT\n", with: "")
        try folder.write()
        #expect(folder.refusal() == "countries.tsv has no name for MT" + Self.ending)
        try FileManager.default.removeItem(atPath: folder.path + "/countries.tsv")
        #expect(folder.refusal() == "countries.tsv can't be read" + Self.ending)
    }

    @Test func aHostileNameIsText() throws {
        var folder = try MapFolder()
        folder.names = folder.names.replacing("Land of DE", with: hostile)
        try folder.write()
        let map = try WorldMap(directory: folder.path)
        let svg = map.svg(id: "map", title: "", description: "", visits: [:])
        #expect(map.name(of: "DE") == hostile)
        for word in forbiddenInPages { #expect(!svg.contains(word)) }
        #expect(svg.contains("&lt;/title&gt;&lt;script&gt;"))
    }
}
