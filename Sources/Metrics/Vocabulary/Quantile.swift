/// What a share of the observations of several histograms stayed below.
public struct Quantile: Sendable {
    let share: Double
    let histograms: [Histogram]

    /// - Parameter share: 0 ... 1.
    init(_ share: Double, of histograms: [Histogram]) {
        self.share = share
        self.histograms = histograms
    }

    /// The quantile in µs, as Prometheus estimates it: even within a bucket, and the highest bound above all
    /// bounds. 0 when nothing was observed.
    /// - Parameter observed: a slot's observations within the time that is looked at.
    func microseconds(_ observed: (Int) -> UInt64) -> Int64 {
        let bounds = Histogram.boundsNanoseconds
        let counts = (0...bounds.count).map { bucket in
            histograms.reduce(0 as UInt64) { $0 &+ observed(SlotTable.slot($1) + bucket) }
        }
        let all = counts.reduce(0, &+)
        guard all > 0 else { return 0 }
        let rank = share * Double(all)
        var below = 0.0
        for (bucket, bound) in bounds.enumerated() {
            let count = Double(counts[bucket])
            guard count > 0, below + count >= rank else {
                below += count
                continue
            }
            let lower = bucket == 0 ? 0 : Double(bounds[bucket - 1])
            let nanoseconds = lower + (Double(bound) - lower) * (rank - below) / count
            return max(1, Int64((nanoseconds / 1_000).rounded()))
        }
        return Int64(bounds[bounds.count - 1] / 1_000)
    }

    /// Names the observations for docs/metrics.md.
    var words: String {
        let family = histograms.first?.family.name ?? ""
        return "`\(family)`, quantile \(share)"
    }
}
