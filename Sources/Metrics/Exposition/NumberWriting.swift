extension [UInt8] {
    /// Appends an unsigned number in decimal without making a string.
    mutating func append(decimal value: UInt64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = value
            var start = 20
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            self.append(contentsOf: digits[start...])
        }
    }

    /// Appends nanoseconds as seconds, exactly, with as many digits after the point as are needed.
    mutating func append(seconds nanoseconds: UInt64) {
        append(decimal: nanoseconds / 1_000_000_000)
        var rest = nanoseconds % 1_000_000_000
        guard rest > 0 else { return }
        append(UInt8(ascii: "."))
        var place: UInt64 = 100_000_000
        while rest > 0 {
            append(UInt8(ascii: "0") + UInt8(rest / place))
            rest %= place
            place /= 10
        }
    }

    /// Appends a number as Prometheus reads it: whole numbers without an exponent, others shortest.
    mutating func append(float value: Double) {
        if value.isFinite, value >= 0, value < 9_007_199_254_740_992, value == value.rounded() {
            append(decimal: UInt64(value))
        } else {
            append(contentsOf: (value.isFinite ? "\(value)" : "NaN").utf8)
        }
    }
}
