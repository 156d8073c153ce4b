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

    /// Appends a number as Prometheus reads it: whole numbers without an exponent, others shortest.
    mutating func append(float value: Double) {
        if value.isFinite, value >= 0, value < 9_007_199_254_740_992, value == value.rounded() {
            append(decimal: UInt64(value))
        } else {
            append(contentsOf: (value.isFinite ? "\(value)" : "NaN").utf8)
        }
    }
}
