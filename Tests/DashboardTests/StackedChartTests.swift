import Foundation
import Testing

@testable import Dashboard

@Suite struct StackedChartTests: ReadsCharts {
    private static let kinds = ["2xx", "4xx", "429", "5xx"]
    private static let hour: Int64 = 3_600_000

    /// A chart of the last hour, with a list of values per layer that ends now, a minute each.
    private func chart(
        _ layers: [[Double]], _ scale: StackedChart.Scale = .linear, marks: [ChartMark] = []
    ) -> StackedChart {
        StackedChart(
            id: "classes", title: "Answers", description: "",
            layers: layers.enumerated().map { index, values in
                layer(
                    index, values.enumerated().map { (noon - Int64(values.count - 1 - $0) * minute, $1) })
            }, bucket: minute, from: noon - Self.hour, to: noon, scale: scale, marks: marks)
    }

    private func layer(_ index: Int, _ points: [(Int64, Double)]) -> StackedChart.Layer {
        StackedChart.Layer(
            name: Self.kinds[index], kind: Self.kinds[index],
            points: points.map { LineChart.Point(t: $0.0, value: $0.1) })
    }

    private func area(_ kind: String, _ svg: String) -> String { path("layer layer-\(kind)", svg) }
    private func line(_ kind: String, _ svg: String) -> String { path("line layer-\(kind)", svg) }

    @Test func itHasTheFrameOfALineChart() {
        let svg = chart([[1, 2], [0, 1]]).svg()
        expectSound(svg)
        #expect(svg.hasPrefix("<svg class=\"chart\" role=\"img\""))
        #expect(svg.contains("aria-labelledby=\"classes-title classes-desc\""))
        #expect(svg.contains("data-from=\"\(noon - Self.hour)\" data-to=\"\(noon)\" data-bucket=\"60000\""))
        #expect(svg.contains("viewBox=\"0 0 1200 220\""))
        #expect(svg.contains("<desc id=\"classes-desc\">2xx, 4xx: Stacked from the bottom up.</desc>"))
    }

    @Test func layersLieOnEachOtherAndTheSumIsOnTheAxis() {
        let svg = chart([[5, 5], [3, 3], [0, 0], [2, 2]]).svg()
        expectSound(svg)
        #expect(heights(area("2xx", svg)) == [220, 110, 110, 220], "half of ten, down to the floor")
        #expect(heights(area("4xx", svg)) == [220, 44, 44, 220])
        #expect(heights(area("5xx", svg)) == [220, 0, 0, 220])
        #expect(area("429", svg).isEmpty, "what isn't there isn't drawn")
        #expect(svg.contains("mark-label") && svg.contains(">10</text>"))
    }

    @Test func lowerLayersArePaintedOverUpperOnes() throws {
        let svg = chart([[5, 5], [3, 3], [1, 1], [2, 2]]).svg()
        let places = try Self.kinds.map { try #require(svg.range(of: "\"layer layer-\($0)\"")).lowerBound }
        #expect(places == places.sorted(by: >))
    }

    @Test func anErrorAmongAHundredThousandAnswersIsTwoPixelsHigh() {
        let all = [99_997.0, 99_997, 99_997]
        let svg = chart([all, [0, 0, 0], [0, 0, 0], [0, 3, 0]]).svg()
        #expect(heights(area("2xx", svg)) == [220, 0, 2, 0, 220], "which makes room for it")
        #expect(heights(area("5xx", svg)) == [220, 0, 0, 0, 220], "so that the top remains at the sum")
    }

    @Test func everyKindOfErrorIsVisibleBesideTheOthers() {
        let svg = chart([[90_000, 90_000], [1, 1], [1, 1], [1, 1]]).svg()
        let tops = Self.kinds.map { heights(self.area($0, svg))[1] }
        #expect(zip(tops, tops.dropFirst()).allSatisfy { abs($0 - $1 - 2) < 0.01 })
    }

    @Test func anErrorAloneStandsOverASumThatIsTooSmallToGiveItRoom() {
        let svg = chart([[0, 0, 100_000], [0, 0, 0], [0, 0, 0], [1, 1, 0]]).svg()
        #expect(heights(area("5xx", svg))[1] == 218)
    }

    @Test func onTheLogarithmicScaleEachLayerIsALineFromZero() {
        let svg = chart([[1_000, 1_000, 1_000], [10, 10, 10], [0, 0, 0], [0, 1, 0]], .log).svg()
        expectSound(svg)
        #expect(heights(line("2xx", svg)) == [0, 0, 0])
        #expect(heights(line("4xx", svg)) == [110, 110, 110], "the second of four steps")
        #expect(heights(line("5xx", svg)) == [220, 165, 220])
        #expect(line("429", svg).isEmpty)
        #expect(!svg.contains("\"layer layer-"), "no areas")
        #expect(svg.contains("powers of ten, with zero on its floor"))
        for label in ["0", "1", "10", "100", "1k"] { #expect(svg.contains(">\(label)</text>")) }
    }

    @Test(arguments: [StackedChart.Scale.linear, .log])
    func withoutPointsItSaysSo(_ scale: StackedChart.Scale) {
        for layers in [[], [[]], [[], []], [[.nan], [.infinity]]] as [[[Double]]] {
            let svg = chart(layers, scale).svg()
            expectSound(svg)
            #expect(svg.contains("Nothing recorded in this range yet"))
            #expect(!svg.contains("class=\"gap\""))
            #expect(paths(svg).isEmpty)
        }
    }

    @Test func oneSampleIsABarOrADot() {
        let bar = chart([[4], [0], [0], [4]]).svg()
        expectSound(bar)
        #expect(area("2xx", bar) == "M1198.5,220L1198.5,110L1201.5,110L1201.5,220Z")
        #expect(heights(area("5xx", bar)) == [220, 0, 0, 220])
        let dot = chart([[10]], .log).svg()
        expectSound(dot)
        #expect(line("2xx", dot) == "M1200,0h.01")
    }

    @Test(arguments: [StackedChart.Scale.linear, .log])
    func allZeroIsTheFirstLayerOnTheFloor(_ scale: StackedChart.Scale) {
        let svg = chart([[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], scale).svg()
        expectSound(svg)
        #expect(paths(svg).count == 1)
        #expect(heights(paths(svg)[0]).allSatisfy { $0 == 220 })
        #expect(!svg.contains("class=\"mark\""))
    }

    @Test func whatIsNoNumberIsNothingAndNothingIsNegative() {
        let svg = chart([[4, 4, 4], [.nan, .infinity, -3], [0, 0, 0], [4, 4, 4]]).svg()
        expectSound(svg)
        #expect(area("4xx", svg).isEmpty)
        #expect(heights(area("5xx", svg)) == [220, 0, 0, 0, 220])
        let gap = chart([[4, 4, .nan, 4, 4], [0, 1, -.infinity, 1, 0]]).svg()
        #expect(area("2xx", gap).count { $0 == "M" } == 2, "a gap is where no layer has a number")
        #expect(gap.contains("One gap without samples."))
    }

    @Test func aTimeThatALayerLacksIsZeroThere() {
        var chart = chart([[4, 4, 4]])
        chart.layers.append(layer(3, [(noon - minute, 4), (noon + 1, 99), (.min, 99), (.max, 99)]))
        let svg = chart.svg()
        expectSound(svg)
        #expect(heights(area("5xx", svg)) == [220, 110, 0, 110, 220])
        #expect(heights(area("2xx", svg)) == [220, 110, 110, 110, 220])
    }

    @Test(arguments: [StackedChart.Scale.linear, .log])
    func pointsOutOfOrderAreDrawnInOrder(_ scale: StackedChart.Scale) {
        let inOrder = chart([[1, 2, 3, 4], [0, 1, 0, 1]], scale)
        var shuffled = inOrder
        shuffled.layers = inOrder.layers.map {
            StackedChart.Layer(name: $0.name, kind: $0.kind, points: $0.points.reversed())
        }
        #expect(shuffled.svg() == inOrder.svg())
    }

    @Test(arguments: [StackedChart.Scale.linear, .log])
    func oneHugeSpikeStaysInThePlot(_ scale: StackedChart.Scale) {
        let spike = (0..<60).map { $0 == 30 ? 1e300 : 1 }
        let svg = chart([spike, spike, spike, spike], scale).svg()
        expectSound(svg)
        for path in paths(svg) { #expect(heights(path).allSatisfy { (0...220).contains($0) }) }
    }

    @Test(arguments: [StackedChart.Scale.linear, .log])
    func anyWindowIsDrawn(_ scale: StackedChart.Scale) {
        for (from, to) in [(noon, noon), (noon, noon - 1), (Int64.min, .max), (.max, .min), (.max, .max)] {
            for bucket in [Int64.min, 0, 1, minute, .max] {
                var chart = chart([[1, 2], [0, 1]], scale)
                (chart.from, chart.to, chart.bucket) = (from, to, bucket)
                expectSound(chart.svg())
            }
        }
    }

    /// A month of minutes that is as hard to thin as can be.
    private func month(_ scale: StackedChart.Scale, every step: Int = 1) -> StackedChart {
        let start = noon - 44_640 * minute
        let layers = [100_000, 4_000, 900, 80].enumerated().map { index, size in
            layer(
                index,
                stride(from: 0, to: 44_640, by: step).map { number in
                    let value = number == 22_222 ? size : number * 7_919 % size / 2
                    return (start + Int64(number) * minute, Double(value))
                })
        }
        return StackedChart(
            id: "month", title: "", description: "", layers: layers, bucket: minute, from: start, to: noon,
            scale: scale,
            marks: (0..<500).map {
                ChartMark(t: noon - $0 * 5_000_000, kind: .restart, label: "Restart 2026-05-12 12:34")
            })
    }

    @Test(arguments: [StackedChart.Scale.linear, .log], [1, 2, 70])
    func aMonthOfMinutesIsThinned(_ scale: StackedChart.Scale, _ step: Int) {
        let svg = month(scale, every: step).svg()
        expectSound(svg)
        #expect(svg.utf8.count < 61_440)
        #expect(paths(svg).count { $0.count > 1_000 } == 4)
    }

    @Test func aMinuteOfErrorsInAMonthIsStillThere() {
        var chart = month(.linear)
        let start = chart.from
        chart.layers[3] = layer(3, (0..<44_640).map { (start + $0 * minute, $0 == 33_333 ? 1 : 0) })
        let errors = area("5xx", chart.svg())
        #expect(errors.count { $0 == "M" } == 1)
        #expect(errors.hasPrefix("M89"), "33,333 of 44,640 minutes are 896 units")
    }

    @Test(arguments: [StackedChart.Scale.linear, .log])
    func aMonthOfMinutesIsFast(_ scale: StackedChart.Scale) {
        let chart = month(scale)
        // A debug build on a busy machine; optimised it is a hundredth of this.
        #expect(ContinuousClock().measure { _ = chart.svg() } < .seconds(5))
    }

    @Test func whatIsNotOursIsText() {
        let chart = StackedChart(
            id: hostile, title: hostile, description: hostile,
            layers: [.init(name: hostile, kind: hostile, points: [.init(t: noon, value: 1)])], bucket: minute,
            from: noon - 1, to: noon, scale: .linear, marks: [.init(t: noon, kind: .alert, label: hostile)])
        for markup in [chart.svg(), chart.legend()] {
            expectSound(markup)
            for word in forbiddenInPages { #expect(!markup.contains(word)) }
            #expect(markup.contains("&lt;/title&gt;&lt;script&gt;"))
        }
    }

    @Test func theLegendNamesTheLayersFromTheTop() {
        let marks = [ChartMark(t: noon, kind: .alert, label: "")]
        let linear = chart([[1, 1], [0, 0], [0, 0], [0, 0]], marks: marks).legend()
        expectSound(linear)
        #expect(
            linear.matches(of: /<\/svg>([^<]+)<\/li>/).map(\.output.1) == [
                "5xx", "429", "4xx", "2xx", "alert",
            ])
        #expect(chart([[1], [0]], .log).legend().contains("class=\"line layer-4xx\""))
    }
}
