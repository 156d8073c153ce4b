import Foundation
import FoundationXML
import Testing

@testable import Dashboard

@Suite struct SparklineTests {
    private func line(_ values: [Double?]) -> String {
        let svg = Sparkline(values).svg()
        #expect(XMLParser(data: Data(svg.utf8)).parse())
        #expect(svg.contains("aria-hidden=\"true\""))
        #expect(!svg.lowercased().contains("nan"))
        return (svg.firstMatch(of: /class="spark-line" d="([^"]*)"/)?.output.1).map(String.init) ?? ""
    }

    @Test func withoutValuesOnlyTheFloorIsDrawn() {
        #expect(line([]).isEmpty)
        #expect(line([nil, nil, .nan]).isEmpty)
    }

    @Test func theNewestValueStandsAtTheRightEdge() {
        #expect(line([3]) == "M118,0h.01")
        #expect(line([0, 4]) == "M116,30L118,0")
    }

    @Test func onlyTheLastSixtyAreDrawn() {
        #expect(line([Double?](repeating: 1, count: 500)).split(separator: "L").count == 60)
        #expect(
            line((0..<100).map { $0 < 40 ? 1_000 : 1 }).hasPrefix("M0,0L"), "what isn't drawn doesn't scale")
    }

    @Test func missingValuesAreGaps() {
        #expect(line([1, nil, 2, 3, nil, .infinity, 4]).count { $0 == "M" } == 3)
    }

    @Test func allZeroLiesOnTheFloor() {
        #expect(line([0, 0, -2]).split(separator: "L").allSatisfy { $0.hasSuffix(",30") })
    }

    @Test func aShareBarDividesItsWidth() {
        #expect(ShareBar(1, 3).svg().contains("class=\"share-first\" width=\"30\""))
        #expect(ShareBar(0, 0).svg().isEmpty)
        #expect(ShareBar(.infinity, 1).svg().isEmpty)
        #expect(ShareBar(-5, 1).svg().contains("class=\"share-first\" width=\"0\""))
    }
}
