import Foundation
import FoundationXML
import Testing

@testable import Dashboard

@Suite struct PlotPathTests {
    private let plot = PlotPath(width: 10, height: 100)

    private func places(_ y: [Double], every distance: Double) -> [PlotPath.Place] {
        y.enumerated().map { PlotPath.Place(x: Double($0) * distance, y: $1) }
    }

    @Test func aColumnKeepsItsLowestAndItsHighestInTheirOrder() {
        let thinned = plot.thinned(places([5, 9, 1, 5, 5, 2, 8, 5, 5, 5], every: 0.25))
        #expect(thinned.map(\.y) == [5, 9, 1, 2, 8, 5, 5])
    }

    @Test func bothEndsOfTheLineAreKept() {
        let thinned = plot.thinned(places([5] + [Double](repeating: 1, count: 98) + [5], every: 0.1))
        #expect(thinned.first?.y == 5)
        #expect(thinned.last?.y == 5)
    }

    @Test func widerColumnsKeepLess() {
        let noise = places((0..<1_000).map { Double($0 * 7_919 % 101) }, every: 0.01)
        #expect(plot.thinned(noise).count <= 22)
        #expect(plot.thinned(noise, column: 5).count <= 6)
        #expect(plot.thinned(noise, column: 5).map(\.y).max() == 100)
    }

    @Test func columnsCoverEveryPlaceOnce() {
        let x = [0, 0.2, 0.9, 1, 4.5, 4.6, 9.9]
        #expect(PlotPath.columns(x[...], width: 1) == [0..<3, 3..<4, 4..<6, 6..<7])
        #expect(PlotPath.columns(x[2..<5], width: 1) == [2..<3, 3..<4, 4..<5])
        #expect(PlotPath.columns([], width: 1).isEmpty)
        #expect(PlotPath.columns([3], width: 1) == [0..<1])
    }

    @Test func aLineOfOnePlaceIsADotAndOfNoneIsNothing() {
        #expect(plot.line([PlotPath.Place]()).isEmpty)
        #expect(plot.line(places([3], every: 1)) == "M0,3h.01")
        #expect(plot.line(places([3, 4.25], every: 1)) == "M0,3L1,4.3")
        #expect(plot.area(places([3], every: 1)).isEmpty)
        #expect(plot.area(places([3, 4], every: 1)) == "M0,100L0,3L1,4L1,100Z")
    }

    @Test(
        arguments: [
            (0, "0"), (-0.0, "0"), (0.04, "0"), (0.05, "0.1"), (-0.26, "-0.3"), (1_200, "1200"),
            (219.95, "220"),
            (.nan, "0"), (.infinity, "0"), (-1e300, "-1000000000000"), (1e300, "1000000000000"),
        ] as [(Double, String)])
    func coordinatesHaveAtMostOneDecimal(_ value: Double, _ text: String) {
        #expect(MarkupText.coordinate(value) == text)
    }
}

/// What the tests of charts read pictures with.
protocol ReadsCharts {}

extension ReadsCharts {
    /// Draws nothing that isn't a number, and is well-formed without script or style.
    func expectSound(_ svg: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let parser = XMLParser(data: Data(svg.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))", sourceLocation: sourceLocation)
        for word in ["nan", "NaN", "inf", "<script", "<style", "style="] {
            #expect(!svg.contains("\"\(word)"), sourceLocation: sourceLocation)
            #expect(!svg.contains(word) || !word.hasPrefix("<"), sourceLocation: sourceLocation)
        }
        for path in paths(svg) {
            #expect(
                path.allSatisfy { "MLhZ0123456789.,-".contains($0) }, "\(path.prefix(80))",
                sourceLocation: sourceLocation)
        }
    }

    /// The `d` of every path.
    func paths(_ svg: String) -> [String] {
        svg.matches(of: /<path class="[^"]*" d="([^"]*)"/).map { String($0.output.1) }
    }

    /// The `d` of the path of a class.
    func path(_ kind: String, _ svg: String) -> String {
        guard let start = svg.range(of: "<path class=\"\(kind)\" d=\"") else { return "" }
        return String(svg[start.upperBound...].prefix { $0 != "\"" })
    }

    /// The values of a path's places, downwards.
    func heights(_ path: String) -> [Double] {
        path.matches(of: /[ML][^,]*,([0-9.-]+)/).compactMap { Double($0.output.1) }
    }

    func count(_ part: String, _ svg: String) -> Int { svg.components(separatedBy: part).count - 1 }
}
