import Foundation

/// What a chart's values are, which decides how they are written and where ticks lie.
public enum ValueUnit: Sendable {
    case count
    case bytes

    /// A value as people read it.
    public func text(_ value: Double) -> String {
        switch self {
        case .count: NumberText.count(value)
        case .bytes: NumberText.bytes(value)
        }
    }
}

/// Where a chart's value axis has its ticks: from 0 up in steps of 1, 2 or 5 times a power of ten.
///
/// Bytes step so within their binary unit, and counts never by less than 1.
public struct ValueAxis: Sendable {
    public struct Tick: Sendable, Equatable {
        public let value: Double
        public let label: String
    }

    /// From 0 to ``top``.
    public let ticks: [Tick]
    /// The value at the upper end; at least the highest value, and never 0.
    public let top: Double

    /// - Parameters:
    ///   - highest: the highest value to be shown; anything that is not a positive number counts as 0.
    ///   - intervals: about how many intervals there should be.
    public init(highest: Double, unit: ValueUnit, intervals: Double = 4) {
        // Above an exabyte nothing on this page means anything; the bound keeps the arithmetic finite.
        let highest = highest.isFinite ? min(max(highest, 0), 1e18) : 0
        var (scale, suffixes) = (1.0, ["", "k", "M", "G", "T", "P", "E"])
        var unitIndex = 0
        switch unit {
        case .count:
            while unitIndex < suffixes.count - 1, highest >= pow(1_000, Double(unitIndex + 1)) {
                unitIndex += 1
            }
            scale = pow(1_000, Double(unitIndex))
        case .bytes:
            suffixes = NumberText.byteUnits.map { " " + $0 }
            while unitIndex < suffixes.count - 1, highest >= pow(1_024, Double(unitIndex + 1)) {
                unitIndex += 1
            }
            scale = pow(1_024, Double(unitIndex))
        }
        let step = Self.niceStep(highest / scale / intervals, atLeast: unitIndex == 0 ? 1 : 0.001)
        let count = max(1, Int((highest / scale / step).rounded(.up)))
        top = Double(count) * step * scale
        ticks = (0...count).map { index in
            let value = Double(index) * step
            let text = NumberText.decimal(value, places: 2)
            let suffix = index == 0 && unit == .count ? "" : suffixes[unitIndex]
            return Tick(value: value * scale, label: text + suffix)
        }
    }

    /// The smallest of 1, 2, 5 times a power of ten that is not below `rough`.
    private static func niceStep(_ rough: Double, atLeast least: Double) -> Double {
        guard rough > least else { return least }
        let power = pow(10, log10(rough).rounded(.down))
        // A hair of tolerance, or 0.2 / 0.1 asks for the next step up.
        return ([1, 2, 5].first { rough <= $0 * power * 1.000_001 } ?? 10) * power
    }
}
