/// Five levels of a number, each several times the one before, in bounds that people can remember.
public struct MapScale: Sendable, Equatable {
    /// The level of the highest number; no other number is above it.
    public let highestLevel: Int
    /// The least number of each level from 1 on.
    private let starts: [Int64]

    public init(highest: Int64) {
        starts = Self.starts(highest: highest)
        highestLevel = Self.level(of: highest, starts)
    }

    /// 0 for nothing, else 1 to 5.
    public func level(of number: Int64) -> Int { Self.level(of: number, starts) }

    /// The levels in use, from 0 on, with the numbers they stand for: `none`, `1–9`, `10–99`, `100 or more`.
    public var legend: [(level: Int, label: String)] {
        [(0, "none")] + (1..<(highestLevel + 1)).map { ($0, label($0)) }
    }

    private func label(_ level: Int) -> String {
        let first = starts[level - 1]
        guard level < starts.count else { return "\(Self.short(first)) or more" }
        let last = starts[level] - 1
        return first == last ? Self.short(first) : "\(Self.short(first))–\(Self.short(last))"
    }

    private static func level(of number: Int64, _ starts: [Int64]) -> Int {
        starts.count { $0 <= number }
    }

    /// Such that the highest number is on the fifth level, if there are five numbers at all.
    private static func starts(highest: Int64) -> [Int64] {
        switch highest {
        case ..<10: return [1, 2, 3, 4, 5]
        case ..<30: return [1, 2, 3, 5, 10]
        case ..<100: return [1, 3, 5, 10, 30]
        case ..<1_000: return [1, 3, 10, 30, 100]
        case ..<10_000: return [1, 10, 50, 200, 1_000]
        default:
            var top: Int64 = 10_000
            while highest / 10 >= top { top *= 10 }
            return [1, top / 1_000, top / 100, top / 10, top]
        }
    }

    /// Two or three digits, rounded down: `99.9k` would be more than a legend needs to say, `100k` wrong.
    private static func short(_ number: Int64) -> String {
        var (unit, index) = (Int64(1), 0)
        let letters = ["", "k", "M", "G", "T", "P", "E"]
        while number / unit >= 1_000, index < letters.count - 1 {
            unit *= 1_000
            index += 1
        }
        let (whole, tenth) = (number / unit, unit == 1 ? 0 : number % unit / (unit / 10))
        return "\(whole)" + (whole < 10 && tenth > 0 ? ".\(tenth)" : "") + letters[index]
    }
}
