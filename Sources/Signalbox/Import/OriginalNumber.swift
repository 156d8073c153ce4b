import Foundation
import SignalboxMetrics
import Web

/// Numbers as the original's loader takes them from its files, with a note of what had to be mended.
struct OriginalNumber {
    /// Above this JavaScript itself can't count.
    private static let countMax = 9_007_199_254_740_991.0

    /// `Number(value)`; nil for what isn't finite.
    static func finite(_ value: JSONValue?) -> Double? {
        let number: Double? =
            switch value {
            case .number(let number): number
            case .null: 0
            case .bool(let flag): flag ? 1 : 0
            case .string(let text): number(text)
            case .array(let elements): elements.isEmpty ? 0 : nil
            case .object, nil: nil
            }
        return number.flatMap { $0.isFinite ? $0 : nil }
    }

    private static func number(_ text: String) -> Double? {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if trimmed.isEmpty { return 0 }
        // Double reads "nan" and hexadecimal fractions, which JavaScript doesn't.
        return trimmed.allSatisfy { "0123456789+-.eE".contains($0) } ? Double(trimmed) : nil
    }

    /// A count: what is missing is 0, and what is none becomes 0 with a note.
    static func count(_ value: JSONValue?, _ tally: inout ImportTally) -> Int64 {
        guard let value else { return 0 }
        guard let number = finite(value) else {
            tally.mend(.notANumber)
            return 0
        }
        if number < 0 {
            tally.mend(.negative)
            return 0
        }
        // Sums of such values would be none that a client can read.
        if number > countMax {
            tally.mend(.tooLarge)
            return 0
        }
        return Int64(number)
    }

    /// A total: nil where the record doesn't say.
    static func total(_ value: JSONValue?, _ tally: inout ImportTally) -> Int64? {
        switch value {
        case nil, .null, .string(""): nil
        default: finite(value).map { _ in count(value, &tally) }
        }
    }

    /// A record's time in Unix ms: only a number is one.
    static func time(_ value: JSONValue?) -> Int64? {
        guard case .number(let number)? = value, number.isFinite, number > 0, number < 8.64e15 else {
            return nil
        }
        return Int64(number)
    }
}
