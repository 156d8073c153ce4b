/// The stretch of time a chart shows: which points can be drawn in it, where they lie, and what is missing.
struct ChartWindow {
    typealias Point = LineChart.Point

    let from: Int64
    let to: Int64
    /// The time from one point to the next, in ms; at least 1.
    let bucket: Int64

    /// Any window will do: a backward or empty one becomes a minute, an absurd one ends where calendars do.
    init(from: Int64, to: Int64, bucket: Int64) {
        let latest = CivilTime.clamped(.max) - 60_000
        self.from = min(CivilTime.clamped(from), latest)
        self.to = max(CivilTime.clamped(to), self.from + 60_000)
        self.bucket = bucket > 0 ? bucket : 60_000
    }

    func holds(_ t: Int64) -> Bool { from <= t && t <= to }

    func share(_ t: Int64) -> Double { Double(t - from) / Double(to - from) }

    /// The points within the window whose values are numbers, in order of time, none below 0.
    /// Points out of order are put in order; of several at one time the last one given counts.
    func drawable(_ points: [Point]) -> [Point] {
        var last = Int64.min
        let isSound = points.allSatisfy { point in
            defer { last = point.t }
            return holds(point.t) && point.t > last && point.value >= 0 && point.value <= Self.highest
        }
        // Nearly always, and then nothing needs to be copied.
        guard !isSound else { return points }
        // The sort is stable.
        let kept = points.filter { $0.value.isFinite && holds($0.t) }.sorted { $0.t < $1.t }
        return kept.indices.filter { $0 == kept.count - 1 || kept[$0].t != kept[$0 + 1].t }.map {
            Point(t: kept[$0].t, value: min(max(0, kept[$0].value), Self.highest))
        }
    }

    /// More than anything that is counted here, and few enough that layers of it add up on an axis.
    private static let highest = 1e17

    /// Where there is no missing bucket between times, as ranges of indices.
    /// - Parameter joining: gaps up to this long, in ms, are not told apart.
    func runs(_ times: [Int64], joining: Int64 = 0) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var start = 0
        for index in times.indices.dropFirst()
        where isGap(times[index - 1], times[index]) && times[index] - times[index - 1] > joining {
            runs.append(start..<index)
            start = index
        }
        if start < times.count { runs.append(start..<times.count) }
        return runs
    }

    // Samples are a little early or late; half a bucket more than one is a gap.
    private func isGap(_ first: Int64, _ second: Int64) -> Bool {
        Double(second - first) > Double(bucket) * 1.5
    }

    /// A time without samples, from the one before to the one after it: as wide as the hole in the line.
    struct Gap: Equatable {
        let from: Int64
        let to: Int64
        /// Stands for several with samples between them.
        var isMerged = false
    }

    /// Where buckets are missing between `times`, and after the last when it is older than two buckets.
    /// What lies before the first is no gap: nothing was kept yet. Beyond `limit` the closest become one.
    func gaps(_ times: [Int64], limit: Int = 60) -> [Gap] {
        var gaps: [Gap] = []
        for (last, next) in zip(times, times.dropFirst()) where isGap(last, next) {
            gaps.append(Gap(from: last, to: next))
        }
        if let last = times.last, Double(to - last) > Double(bucket) * 2 {
            gaps.append(Gap(from: last, to: to))
        }
        guard gaps.count > limit else { return gaps }
        let distances = gaps.indices.dropFirst().sorted {
            (gaps[$0].from - gaps[$0 - 1].to, $0) > (gaps[$1].from - gaps[$1 - 1].to, $1)
        }
        let starts = [0] + distances.prefix(limit - 1).sorted()
        return zip(starts, starts.dropFirst() + [gaps.count]).map { start, end in
            Gap(from: gaps[start].from, to: gaps[end - 1].to, isMerged: end - start > 1)
        }
    }
}
