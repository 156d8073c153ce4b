import Foundation
import Testing

@testable import Dashboard

@Suite struct LineChartTests: ReadsCharts {
    private func chart(
        _ points: [(Int64, Double)], bucket: Int64 = minute, title: String = "Messages",
        description: String = "",
        unfinished: Bool = false, previous: [(Int64, Double)] = [], marks: [ChartMark] = []
    ) -> String {
        LineChart(
            id: "test", title: title, description: description,
            points: points.map { LineChart.Point(t: $0.0, value: $0.1) }, bucket: bucket,
            from: noon - 3_600_000,
            to: noon, unit: .count, lastIsUnfinished: unfinished,
            previous: previous.map { LineChart.Point(t: $0.0, value: $0.1) }, marks: marks
        ).svg()
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
        let outside: [(Int64, Double)] = [(.min, 9), (noon - 4_000_000, 9), (noon + 1, 9), (.max, 9)]
        let svg = chart(outside + [(noon - minute, 2)], previous: outside)
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

    @Test func itSaysWhichWindowIsDrawn() {
        let svg = chart([])
        #expect(svg.contains("data-from=\"\(noon - 3_600_000)\" data-to=\"\(noon)\" data-bucket=\"60000\""))
    }

    @Test func onAPhoneEveryOtherTimeIsNamedAndNoneBesideAMajorOne() {
        let svg = LineChart(
            id: "", title: "", description: "", points: [], bucket: minute, from: noon - 86_400_000, to: noon,
            unit: .count
        ).svg()
        let labels = svg.matches(of: /<text class="(tick[^"]*)"[^>]*>([^<]*[:J][^<]*)</)
        #expect(labels.filter { $0.output.1 == "tick" }.map(\.output.2) == ["18:00", "06:00", "12:00"])
        #expect(labels.filter { $0.output.1 == "tick tick-major" }.map(\.output.2) == ["15 Jun"])
        #expect(labels.count == 8)
    }

    @Test func pointsOutOfOrderAreDrawnInOrderAndTheLastOfATimeCounts() {
        let inOrder = (1...9).map { (noon - Int64(10 - $0) * minute, Double($0)) }
        #expect(chart([(inOrder[3].0, 7)] + inOrder.reversed()) == chart(inOrder))
    }

    @Test func oneHugeSpikeLeavesTheRestOnTheFloor() {
        let svg = chart((0..<60).map { (noon - Int64(60 - $0) * minute, $0 == 30 ? 1e300 : 1) })
        expectSound(svg)
        #expect(heights(path("line", svg)).count { $0 == 220 } == 59)
        #expect(heights(path("line", svg)).min() == 0)
    }

    @Test func theEarlierTimeIsALineOfItsOwnThatCountsForTheAxis() {
        let points = (0..<5).map { (noon - 400_000 + Int64($0) * minute, 10.0) }
        let svg = chart(points, previous: points.map { ($0.0, 40) })
        expectSound(svg)
        #expect(heights(path("line line-previous", svg)) == [0, 0, 0, 0, 0])
        #expect(heights(path("line", svg)) == [165, 165, 165, 165, 165])
        #expect(path("line line-previous", chart(points)).isEmpty)
        #expect(chart([], previous: points).contains("Nothing recorded"), "however much there was before")
    }

    /// `x` and `width` of every band.
    private func gaps(_ svg: String) -> [[String]] {
        svg.matches(of: /<rect class="gap" x="([^"]*)" width="([^"]*)" height="220"><title>No samples/).map {
            [String($0.output.1), String($0.output.2)]
        }
    }

    @Test func aGapIsABandFromTheSampleBeforeToTheSampleAfter() {
        let start = noon - 3_600_000
        let svg = chart((0...60).filter { !(21..<30).contains($0) }.map { (start + $0 * minute, 1) })
        expectSound(svg)
        #expect(gaps(svg) == [["400", "200"]])
        #expect(svg.contains("One gap without samples.</desc>"))
    }

    @Test func samplesThatStoppedAreAGapAndSamplesThatHadNotBegunAreNone() {
        let start = noon - 3_600_000
        #expect(gaps(chart((30..<45).map { (start + $0 * minute, 1) })) == [["880", "320"]])
        #expect(gaps(chart((30...58).map { (start + $0 * minute, 1) })).isEmpty, "two buckets are no gap yet")
        #expect(gaps(chart([])).isEmpty)
        #expect(gaps(chart([(noon - 1_800_000, .nan)])).isEmpty)
    }

    @Test func manyGapsBecomeAtMostSixtyBands() {
        let start = noon - 44_640 * minute
        for step in [2, 3, 7, 400] {
            let points = stride(from: 0, to: 44_640, by: step).map {
                LineChart.Point(t: start + Int64($0) * minute, value: 1)
            }
            let svg = LineChart(
                id: "", title: "", description: "", points: points, bucket: minute, from: start, to: noon,
                unit: .count
            ).svg()
            expectSound(svg)
            #expect(gaps(svg).count == 60)
            #expect(svg.contains("<title>No samples at times</title>"))
            #expect(svg.utf8.count < 61_440)
        }
    }

    @Test func aMarkIsALineWithASignAndAName() {
        let kinds: [ChartMark.Kind] = [.restart, .uncleanRestart, .alert]
        let svg = chart(
            [],
            marks: kinds.enumerated().map {
                ChartMark(t: noon - Int64($0 + 1) * 600_000, kind: $1, label: "\($1) <\($0)>")
            })
        expectSound(svg)
        for (style, words) in [
            ("event-restart", "restart &lt;0&gt;"), ("event-unclean", "uncleanRestart &lt;1&gt;"),
            ("event-alert", "alert &lt;2&gt;"),
        ] {
            #expect(svg.contains("class=\"event \(style)\""))
            #expect(svg.contains("<title>\(words)</title>"))
        }
        #expect(Set(kinds.map(\.glyph)).count == 3, "told apart by shape")
        #expect(svg.contains("Marked: 1 restart, 1 unclean restart, 1 alert.</desc>"))
    }

    @Test func marksThatLieOnEachOtherAreOneThatCountsThem() {
        let marks = (0..<4).map {
            ChartMark(t: noon - 60_000 + $0 * 5_000, kind: .restart, label: "No. \($0)")
        }
        let svg = chart([], marks: marks.reversed() + [ChartMark(t: .max, kind: .alert, label: "later")])
        #expect(svg.contains("<title>4 restarts: No. 0 … No. 3</title>"))
        #expect(count("class=\"event ", svg) == 1)
        let mixed = chart([], marks: [marks[0], ChartMark(t: marks[1].t, kind: .alert, label: "Errors")])
        #expect(mixed.contains("event event-alert"), "the worst shows")
        #expect(mixed.contains("<title>1 restart, 1 alert: No. 0 … Errors</title>"))
    }

    @Test func atMostSixtyMarksAreDrawn() {
        let marks = (0..<5_000).map { ChartMark(t: noon - $0 * 720, kind: .alert, label: "a") }
        let svg = chart([], marks: marks)
        expectSound(svg)
        #expect(count("class=\"event ", svg) <= 60)
        #expect(svg.contains("Marked: 5,000 alerts."))
    }

    @Test func theLegendNamesWhatIsThere() {
        var chart = LineChart(
            id: "", title: "", description: "", points: [], bucket: minute, from: noon - 3_600_000, to: noon,
            unit: .count)
        #expect(chart.legend(current: "now", previous: "before").isEmpty)
        chart.points = [LineChart.Point(t: noon - 600_000, value: 1)]
        chart.previous = chart.points
        chart.marks = [ChartMark(t: noon, kind: .uncleanRestart, label: "")]
        let legend = chart.legend(current: "<now>", previous: "before")
        expectSound(legend)
        for words in ["&lt;now&gt;", "before", "unclean restart", "no samples"] {
            #expect(legend.contains("</svg>\(words)</li>"))
        }
        #expect(!legend.contains("alert"))
    }
}
