import Foundation
import FoundationXML
import Testing

@testable import Dashboard

@Suite struct LineChartTests {
    private func chart(
        _ points: [(Int64, Double)], bucket: Int64 = minute, title: String = "Messages",
        description: String = "",
        unfinished: Bool = false
    ) -> String {
        LineChart(
            id: "test", title: title, description: description,
            points: points.map { LineChart.Point(t: $0.0, value: $0.1) }, bucket: bucket,
            from: noon - 3_600_000,
            to: noon, unit: .count, lastIsUnfinished: unfinished
        ).svg()
    }

    /// Draws nothing that isn't a number, and is well-formed without script or style.
    private func expectSound(_ svg: String, sourceLocation: SourceLocation = #_sourceLocation) {
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
    private func paths(_ svg: String) -> [String] {
        svg.matches(of: /<path class="[^"]*" d="([^"]*)"/).map { String($0.output.1) }
    }

    /// The `d` of the path of a class.
    private func path(_ kind: String, _ svg: String) -> String {
        guard let start = svg.range(of: "<path class=\"\(kind)\" d=\"") else { return "" }
        return String(svg[start.upperBound...].prefix { $0 != "\"" })
    }

    @Test func itHasANameADescriptionAndAViewBox() {
        let svg = chart([(noon - minute, 3)], description: "Three messages.")
        #expect(svg.hasPrefix("<svg class=\"chart\" role=\"img\""))
        #expect(svg.contains("aria-labelledby=\"test-title test-desc\""))
        #expect(svg.contains("<title id=\"test-title\">Messages</title>"))
        #expect(svg.contains("<desc id=\"test-desc\">Three messages.</desc>"))
        #expect(svg.contains("viewBox=\"0 0 1200 220\""))
    }

    @Test func withoutPointsItSaysSo() {
        let svg = chart([])
        expectSound(svg)
        #expect(svg.contains("Nothing recorded in this range yet"))
        #expect(paths(svg).isEmpty)
    }

    @Test func onePointIsADot() {
        let svg = chart([(noon - 1_800_000, 4)])
        expectSound(svg)
        #expect(path("line", svg) == "M600,0h.01")
        #expect(svg.contains("class=\"mark-label\""), "the mark says the value")
    }

    @Test func allZeroLiesOnTheFloor() {
        let svg = chart((0..<60).map { (noon - Int64(60 - $0) * minute, 0) })
        expectSound(svg)
        #expect(path("line", svg).split(separator: "L").allSatisfy { $0.hasSuffix(",220") })
        #expect(!svg.contains("class=\"mark\""))
    }

    @Test func missingBucketsAreGaps() {
        let svg = chart([0, 1, 2, 10, 11, 30].map { (noon - 3_540_000 + $0 * minute, 1) })
        expectSound(svg)
        #expect(path("line", svg).count { $0 == "M" } == 3)
        #expect(path("line", svg).hasSuffix("h.01"), "a point between two gaps is a dot")
        #expect(path("area", svg).count { $0 == "M" } == 2)
    }

    @Test func aSampleThatIsALittleLateIsNoGap() {
        let svg = chart([(noon - 180_000, 1), (noon - 180_000 + 85_000, 1)])
        #expect(path("line", svg).count { $0 == "M" } == 1)
    }

    @Test func whatIsNoNumberIsAGapAndNothingIsNegative() {
        let values: [Double] = [1, .nan, 2, .infinity, -3, -.infinity, 4]
        let svg = chart(values.enumerated().map { (noon - 3_000_000 + Int64($0) * minute, $1) })
        expectSound(svg)
        #expect(path("line", svg).count { $0 == "M" } == 4)
        #expect(path("line", svg).contains(",220"), "-3 counts as 0")
        #expect(chart([(noon - minute, .nan)]).contains("Nothing recorded"))
    }

    @Test func pointsOutsideTheWindowAreLeftOut() {
        let svg = chart([(.min, 9), (noon - 4_000_000, 9), (noon - minute, 2), (noon + 1, 9), (.max, 9)])
        expectSound(svg)
        #expect(path("line", svg) == "M1180,0h.01")
    }

    @Test func aMonthOfMinutesIsThinnedAndKeepsItsSpike() throws {
        let start = noon - 44_640 * minute
        let points = (0..<44_640).map {
            LineChart.Point(t: start + Int64($0) * minute, value: $0 == 22_222 ? 400 : Double($0 % 7))
        }
        let svg = LineChart(
            id: "month", title: "Month", description: "", points: points, bucket: minute, from: start,
            to: noon,
            unit: .count
        ).svg()
        expectSound(svg)
        #expect(svg.utf8.count < 65_536)
        let line = path("line", svg)
        #expect(line.count { $0 == "M" } == 1)
        #expect(line.split(separator: "L").count <= 2_402)
        #expect(line.contains(",0L"), "the minute of the spike is on the line")
        #expect(svg.contains(">400</text>"))
    }

    @Test func aMonthOfMinutesIsFast() {
        let start = noon - 44_640 * minute
        let points = (0..<44_640).map {
            LineChart.Point(t: start + Int64($0) * minute, value: Double($0 % 97))
        }
        let chart = LineChart(
            id: "month", title: "", description: "", points: points, bucket: minute, from: start, to: noon,
            unit: .bytes)
        // A debug build on a busy machine; optimised it is a twentieth of this.
        #expect(ContinuousClock().measure { _ = chart.svg() } < .seconds(2))
    }

    @Test func anEmptyOrBackwardWindowIsDrawnAnyway() {
        for (from, to) in [(noon, noon), (noon, noon - 1), (Int64.min, .max), (.max, .min)] {
            let points = [LineChart.Point(t: noon, value: 1)]
            expectSound(
                LineChart(
                    id: "", title: "", description: "", points: points, bucket: 0, from: from, to: to,
                    unit: .count
                ).svg())
        }
    }

    @Test func theLastUnfinishedBucketIsDashed() {
        let points = (0..<5).map { (noon - 400_000 + Int64($0) * minute, Double($0)) }
        let svg = chart(points, unfinished: true)
        expectSound(svg)
        #expect(path("line", svg).split(separator: "L").count == 4)
        #expect(path("line line-unfinished", svg).split(separator: "L").count == 2)
        #expect(path("line line-unfinished", chart(points)).isEmpty)
        let two = chart(Array(points.suffix(2)), unfinished: true)
        #expect(path("line", two).isEmpty)
        #expect(path("line", chart([points[4]], unfinished: true)).hasSuffix("h.01"))
    }

    @Test func aHostileTitleIsText() {
        let svg = LineChart(
            id: hostile, title: hostile + "\u{0}\u{1B}", description: hostile, points: [], bucket: minute,
            from: noon - 1, to: noon, unit: .bytes
        ).svg()
        expectSound(svg)
        for word in forbiddenInPages { #expect(!svg.contains(word)) }
        #expect(svg.contains("&lt;/title&gt;&lt;script&gt;"))
    }
}
