import Foundation

/// What a chart's values are, which decides how they are written and where ticks lie.
public enum ValueUnit: Sendable {
    case count
    case bytes
    case microseconds

    /// A value as people read it.
    public func text(_ value: Double) -> String {
        switch self {
        case .count: NumberText.count(value)
        case .bytes: NumberText.bytes(value)
        case .microseconds: NumberText.microseconds(value)
        }
    }

    /// What values around one of a size are counted in, and how that is written behind them.
    fileprivate func scale(at size: Double) -> (size: Double, suffix: String) {
        let scales: [(Double, String)] =
            switch self {
            case .count: ["", "k", "M", "G", "T", "P", "E"].enumerated().map { (pow(1_000, Double($0)), $1) }
            case .bytes: NumberText.byteUnits.enumerated().map { (pow(1_024, Double($0)), " " + $1) }
            case .microseconds: [(1, " µs"), (1e3, " ms"), (1e6, " s")]
            }
        // Two minutes are the first that are more readable than seconds.
        if self == .microseconds, size >= 120e6 { return (60e6, " min") }
        return scales.last { $0.0 <= size } ?? scales[0]
    }
}

/// Where a chart's value axis has its ticks.
public struct ValueAxis: Sendable {
    public struct Tick: Sendable, Equatable {
        public let value: Double
        public let label: String
    }

    /// From 0 to ``top``.
    public let ticks: [Tick]
    /// The value at the upper end; at least the highest value, and never 0.
    public let top: Double
    /// On an axis of powers, how many times the next tick is the one before; nil where ticks add up.
    private let base: Double?

    /// From 0 up in steps of 1, 2 or 5 times a power of ten. Bytes and times step so within their unit, and
    /// counts never by less than 1.
    /// - Parameters:
    ///   - highest: the highest value to be shown; anything that is not a positive number counts as 0.
    ///   - intervals: about how many intervals there should be.
    public init(highest: Double, unit: ValueUnit, intervals: Double = 4) {
        let highest = Self.bounded(highest)
        var (scale, suffix) = unit.scale(at: highest)
        let step = scale * Self.niceStep(highest / scale / intervals, atLeast: scale == 1 ? 1 : 0.001)
        let count = max(1, Int((highest / step - 1e-9).rounded(.up)))
        let top = Double(count) * step
        // 1,000 µs at the upper end are 1 ms, and then the ticks below say so too.
        if unit == .microseconds, top == scale * 1_000 { (scale, suffix) = unit.scale(at: top) }
        ticks = (0...count).map { index in
            let value = Double(index) * step
            let text = NumberText.decimal(value / scale, places: 2)
            return Tick(value: value, label: index == 0 && unit == .count ? text : text + suffix)
        }
        self.top = top
        base = nil
    }

    /// Powers of ten from 1 up (bytes: of 32, so that each second one is a unit), with 0 one step below 1.
    /// - Parameter highest: as above.
    public init(powersTo highest: Double, unit: ValueUnit) {
        let highest = Self.bounded(highest)
        let root: Double = unit == .bytes ? 32 : 10
        // A hair of tolerance, as the logarithm of 1,000 need not be 3.
        let powers = max(1, (log(max(highest, 1)) / log(root) - 1e-9).rounded(.up))
        // With more than seven, labels would be too close: each second or third will do.
        let stride = (powers / 7).rounded(.up)
        let count = Int((powers / stride).rounded(.up))
        let base = pow(root, stride)
        ticks =
            [Tick(value: 0, label: "0")]
            + (0...count).map { index in
                let value = pow(base, Double(index))
                let (scale, suffix) = unit.scale(at: value)
                return Tick(value: value, label: NumberText.decimal(value / scale, places: 2) + suffix)
            }
        top = pow(base, Double(count))
        self.base = base
    }

    /// How high a value stands: 0 on the floor, 1 at the upper end.
    func height(_ value: Double) -> Double {
        guard value > 0 else { return 0 }
        guard let base else { return min(1, value / top) }
        // There is no logarithm of 0: below 1 the axis is an even one.
        let steps = value < 1 ? value : 1 + log(value) / log(base)
        return min(1, steps / Double(ticks.count - 1))
    }

    /// Above an exabyte nothing on this page means anything; the bound keeps the arithmetic finite.
    private static func bounded(_ highest: Double) -> Double {
        highest.isFinite ? min(max(highest, 0), 1e18) : 0
    }

    /// The smallest of 1, 2, 5 times a power of ten that is not below `rough`.
    private static func niceStep(_ rough: Double, atLeast least: Double) -> Double {
        guard rough > least else { return least }
        let power = pow(10, log10(rough).rounded(.down))
        // A hair of tolerance, or 0.2 / 0.1 asks for the next step up.
        return ([1, 2, 5].first { rough <= $0 * power * 1.000_001 } ?? 10) * power
    }
}
