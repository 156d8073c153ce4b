import Foundation
import FoundationXML
import GeoIP
import Testing

@testable import Dashboard

private let folder = publicDirectory.appending(path: "map").path(percentEncoded: false)

@Suite struct WorldMapTests {
    private let map: WorldMap

    init() throws {
        map = try WorldMap(directory: folder)
    }

    private func svg(_ visits: [String: Int64] = [:], title: String = "Visits") -> String {
        map.svg(id: "map", title: title, description: "By country.", visits: visits)
    }

    /// The class of each country's shape.
    private func classes(_ svg: String) -> [String: String] {
        Dictionary(
            svg.matches(of: /<(?:path|circle) class="([^"]*)"[^>]* id="c-([^"]*)"/).map {
                (String($0.output.2), String($0.output.1))
            }, uniquingKeysWith: { first, _ in first + " twice" })
    }

    private func expectSound(_ svg: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let parser = XMLParser(data: Data(svg.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))", sourceLocation: sourceLocation)
        for word in ["<script", "<style", "style=", "\"nan", "\"inf"] {
            #expect(!svg.contains(word), sourceLocation: sourceLocation)
        }
    }

    @Test func itHasANameADescriptionAndAViewBox() {
        let svg = svg()
        #expect(svg.hasPrefix("<svg class=\"map\" role=\"img\" viewBox=\"0 0 "))
        #expect(svg.contains("aria-labelledby=\"map-title map-desc\""))
        #expect(svg.contains("<title id=\"map-title\">Visits</title>"))
        #expect(svg.contains("<desc id=\"map-desc\">By country.</desc>"))
    }

    @Test func everyCountryIsDrawnAndNamedOnce() {
        let svg = svg()
        expectSound(svg)
        let drawn = svg.matches(of: /id="c-([^"]*)"/).map { String($0.output.1) }
        #expect(drawn.count == Set(drawn).count, "no two shapes share a code")
        // Kosovo has no code of ISO's.
        #expect(Set(drawn) == Set(CountryCode.assigned.map(\.text) + ["XK"]))
        for code in drawn {
            let name = map.name(of: code) ?? ""
            #expect(name.count > 2, "\(code)")
            #expect(svg.contains("<title>\(MarkupText.escaped(name)): 0</title>"), "\(code)")
        }
        #expect(map.name(of: "DE") == "Germany")
        #expect(map.name(of: "CI") == "Côte d'Ivoire")
        #expect(map.name(of: "XX") == nil)
    }

    @Test func aCountryHasALevelANumberAndAnId() {
        let svg = svg(["DE": 1_234, "FR": 1, "MT": 5])
        expectSound(svg)
        for (start, end) in [
            (
                "<path class=\"c c5\" id=\"c-DE\" d=\"m",
                " data-n=\"1,234 visits\"><title>Germany: 1,234</title></path>"
            ),
            ("<path class=\"c c1\" id=\"c-FR\" d=\"m", " data-n=\"1 visit\"><title>France: 1</title></path>"),
            ("<path class=\"c c0\" id=\"c-ES\" d=\"m", " data-n=\"0 visits\"><title>Spain: 0</title></path>"),
            (
                "<circle class=\"c c1 map-dot\" r=\"4.5\" id=\"c-MT\" cx=\"",
                " data-n=\"5 visits\"><title>Malta: 5</title></circle>"
            ),
        ] {
            let element = svg.range(of: start).map { svg[$0.upperBound...].prefix(5_000) } ?? ""
            #expect(element.contains(end), "\(start)")
        }
    }

    @Test func withoutVisitsAllIsEmpty() {
        let classes = classes(svg())
        #expect(Set(classes.values) == ["c c0", "c c0 map-dot"])
        #expect(svg() == svg(["DE": 0]))
        #expect(map.scale(of: [:]).legend.map(\.label) == ["none"])
    }

    @Test func oneCountryIsTheOnlyOneColoured() {
        let classes = classes(svg(["NZ": 7_000]))
        #expect(classes["NZ"] == "c c5")
        #expect(classes.count { !$0.value.hasPrefix("c c0") } == 1)
    }

    @Test func everyCountryMayHaveVisits() {
        let visits = Dictionary(
            uniqueKeysWithValues: CountryCode.assigned.enumerated().map { ($1.text, Int64($0 * $0 + 1)) })
        let svg = svg(visits)
        expectSound(svg)
        #expect(classes(svg).values.count { $0.hasPrefix("c c0") } == 1, "Kosovo")
    }

    @Test func whatIsNoCountryIsNotDrawnAndDoesNotCount() {
        let strange: [String: Int64] = [
            "XX": 1_000_000, "LOCAL": .max, "T1": 3, "OTHER": 9, "": 4, "de": 5, hostile: 6, "DE\0": 7,
            "FR": -1, "IT": .min,
        ]
        #expect(svg(strange) == svg())
        #expect(svg(strange.merging(["DE": 3]) { $1 }) == svg(["DE": 3]))
    }

    @Test func theLargestNumberIsDrawn() {
        let svg = svg(["US": .max, "DE": .max / 2, "FR": 1])
        expectSound(svg)
        #expect(classes(svg)["US"] == "c c5")
        #expect(svg.contains("<title>United States: 9,223,372,036,854,775,807</title>"))
    }

    @Test func aHostileTitleIsText() {
        let svg = map.svg(id: hostile, title: hostile + "\u{0}\u{1B}", description: hostile, visits: [:])
        expectSound(svg)
        for word in forbiddenInPages { #expect(!svg.contains(word)) }
        #expect(svg.contains("&lt;/title&gt;&lt;script&gt;"))
    }

    @Test func theMapIsSmallAndDrawnAtOnce() throws {
        #expect(try Data(contentsOf: URL(filePath: folder + "/world.json")).count < 60_000)
        #expect(svg().utf8.count < 90_000)
        let visits = Dictionary(
            uniqueKeysWithValues: CountryCode.assigned.map { ($0.text, 1_234_567 as Int64) })
        // A debug build on a busy machine; optimised it is 0.3 ms.
        #expect(ContinuousClock().measure { _ = svg(visits) } < .milliseconds(200))
    }
}

@Suite struct MapScaleTests {
    @Test(
        "levels fit the highest number",
        arguments: [
            (0, [0: 0]), (1, [0: 0, 1: 1]), (9, [0: 0, 1: 1, 4: 4, 9: 5]), (10, [1: 1, 3: 3, 9: 4, 10: 5]),
            (99, [0: 0, 1: 1, 9: 3, 10: 4, 99: 5]), (100, [1: 1, 9: 2, 10: 3, 99: 4, 100: 5]),
            (12_345, [0: 0, 1: 1, 9: 1, 10: 2, 100: 3, 9_999: 4, 10_000: 5, 12_345: 5]),
        ] as [(Int64, [Int64: Int])])
    func levels(highest: Int64, expected: [Int64: Int]) {
        let scale = MapScale(highest: highest)
        for (number, level) in expected { #expect(scale.level(of: number) == level, "\(number)") }
        #expect(scale.highestLevel == scale.level(of: highest))
    }

    @Test(
        "the legend says which numbers a level stands for",
        arguments: [
            (0, "none"), (1, "none, 1"), (3, "none, 1, 2, 3"), (9, "none, 1, 2, 3, 4, 5 or more"),
            (42, "none, 1–2, 3–4, 5–9, 10–29, 30 or more"),
            (999, "none, 1–2, 3–9, 10–29, 30–99, 100 or more"),
            (1_000, "none, 1–9, 10–49, 50–199, 200–999, 1k or more"),
            (10_000, "none, 1–9, 10–99, 100–999, 1k–9.9k, 10k or more"),
            (2_500_000, "none, 1–999, 1k–9.9k, 10k–99k, 100k–999k, 1M or more"),
            (.max, "none, 1–999T, 1P–9.9P, 10P–99P, 100P–999P, 1E or more"), (.min, "none"),
        ] as [(Int64, String)])
    func legend(highest: Int64, expected: String) {
        let legend = MapScale(highest: highest).legend
        #expect(legend.map(\.label).joined(separator: ", ") == expected)
        #expect(legend.map(\.level) == Array(0..<legend.count))
    }

    @Test func theHighestOfMoreThanFourIsOnTheFifthLevel() {
        var highest: Int64 = 5
        while highest < .max / 3 {
            #expect(MapScale(highest: highest).level(of: highest) == 5, "\(highest)")
            highest = highest * 3 / 2
        }
        #expect(MapScale(highest: .max).level(of: .max) == 5)
    }

    @Test func theLevelNeverFalls() {
        for highest in [0, 1, 7, 25, 88, 640, 5_000, 20_000, 3_000_000] as [Int64] {
            let scale = MapScale(highest: highest)
            let levels = stride(from: -2, through: highest, by: 1 + Int(highest / 1_000)).map(
                scale.level(of:))
            #expect(levels == levels.sorted())
            #expect(scale.level(of: .min) == 0)
        }
    }
}
