/// The values of several layers at the same times.
struct LayerRows {
    let times: [Int64]
    /// What the layers of each row add up to.
    let sums: [Double]
    /// From the bottom layer up, each with a value for every time.
    let layers: [[Double]]

    /// A layer that says nothing about a time at which another does is 0 there.
    /// - Parameter layers: each in order of time, as ``ChartWindow/drawable(_:)`` makes it.
    init(_ layers: [[LineChart.Point]]) {
        var times = layers.first?.map(\.t) ?? []
        for layer in layers.dropFirst() where !layer.lazy.map(\.t).elementsEqual(times) {
            let all = (times + layer.map(\.t)).sorted()
            times = all.indices.filter { $0 == 0 || all[$0] != all[$0 - 1] }.map { all[$0] }
        }
        let values = layers.map { layer in
            guard layer.count < times.count else { return layer.map(\.value) }
            var next = 0
            return times.map { t in
                guard next < layer.count, layer[next].t == t else { return 0.0 }
                next += 1
                return layer[next - 1].value
            }
        }
        var sums = [Double](repeating: 0, count: times.count)
        for layer in values {
            for (row, value) in layer.enumerated() { sums[row] += value }
        }
        (self.times, self.sums, self.layers) = (times, sums, values)
    }

    /// The highest value of any layer, and when.
    var highest: LineChart.Point? {
        layers.compactMap(highest).max { $0.value < $1.value }
    }

    /// The highest sum, and when.
    var highestSum: LineChart.Point? { highest(sums) }

    private func highest(_ values: [Double]) -> LineChart.Point? {
        values.indices.max { values[$0] < values[$1] }.map {
            LineChart.Point(t: times[$0], value: values[$0])
        }
    }

    /// The rows of an unbroken run that matter in its columns: of each the lowest and the highest sum and the
    /// highest value of every layer above the first, so that no spike is lost; and both ends of the run.
    func thinned(_ columns: [Range<Int>]) -> [Int] {
        guard let first = columns.first?.first, let last = columns.last?.last else { return [] }
        var kept = [first, last]
        kept += columns.compactMap { rows in rows.min { sums[$0] < sums[$1] } }
        kept += columns.compactMap { rows in rows.max { sums[$0] < sums[$1] } }
        for layer in layers.dropFirst() {
            kept += columns.compactMap { rows in rows.max { layer[$0] < layer[$1] } }.filter { layer[$0] > 0 }
        }
        kept.sort()
        return kept.indices.filter { $0 == 0 || kept[$0] != kept[$0 - 1] }.map { kept[$0] }
    }

    /// Where among `rows` a layer is there at all, with the zeros beside it, from and to which it leads.
    /// The first layer is always there: it is what the others stand on.
    func present(_ layer: Int, in rows: [Int]) -> [Range<Int>] {
        if layer == 0 { return rows.isEmpty ? [] : [rows.indices] }
        let values = layers[layer]
        var ranges: [Range<Int>] = []
        for (index, row) in rows.enumerated() where values[row] > 0 {
            let range = max(0, index - 1)..<min(rows.count, index + 2)
            if let last = ranges.last, range.lowerBound < last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                ranges.append(range)
            }
        }
        return ranges
    }
}
