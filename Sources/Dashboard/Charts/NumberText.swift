/// Numbers as people read them. The same on every machine: nothing here asks for a locale.
public enum NumberText {
    /// Up to 9,999 in full, above that to three digits: `12.3k`, `4.56M`.
    public static func count(_ value: Double) -> String {
        guard value.isFinite else { return missing }
        if abs(value) < 9_999.5 { return exact(Int64(value.rounded())) }
        return scaled(value, by: 1_000, ["", "k", "M", "G", "T", "P", "E"])
    }

    /// Every digit, in groups of three: `1,234,567`.
    public static func exact(_ value: some BinaryInteger) -> String {
        let digits = String(value.magnitude)
        var grouped = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { grouped.append(",") }
            grouped.append(digit)
        }
        return (value < 0 ? "-" : "") + grouped
    }

    /// Bytes to three digits: `512 B`, `1.5 KiB`, `12.3 MiB`.
    public static func bytes(_ value: Double) -> String {
        guard value.isFinite else { return missing }
        return scaled(value, by: 1_024, byteUnits.map { " " + $0 })
    }

    /// A measured time to three digits: `850 µs`, `1.2 ms`, `3.5 s`, `2 min`.
    public static func microseconds(_ value: Double) -> String {
        guard value.isFinite else { return missing }
        if abs(value) >= 119.5e6 { return decimal(value / 60e6, places: places(abs(value) / 60e6)) + " min" }
        var (size, unit) = (abs(value), 0)
        let units = [" µs", " ms", " s"]
        while unit < units.count - 1, size >= 999.5 {
            size /= 1_000
            unit += 1
        }
        return (value < 0 ? "-" : "") + decimal(size, places: places(size)) + units[unit]
    }

    /// A length of time: `40 s`, `12 min`, `4 h 05 min`, `3d 04:05`.
    public static func duration(seconds: Int64) -> String {
        let seconds = max(0, seconds)
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60)
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3_600 { return "\(minutes) min" }
        if days == 0 { return "\(hours) h \(padded(minutes)) min" }
        return "\(exact(days))d \(padded(hours)):\(padded(minutes))"
    }

    /// A length of time in its largest whole unit, for settings and buckets: `15 min`, `31 days`.
    public static func span(minutes: Int64) -> String {
        let units: [(minutes: Int64, one: String, many: String)] = [
            (366 * 1_440, "year", "years"), (365 * 1_440, "year", "years"), (1_440, "day", "days"),
            (60, "h", "h"),
        ]
        for unit in units where minutes >= unit.minutes && minutes.isMultiple(of: unit.minutes) {
            let count = minutes / unit.minutes
            return "\(exact(count)) \(count == 1 ? unit.one : unit.many)"
        }
        return "\(exact(minutes)) min"
    }

    /// How long ago something was: `just now`, `23 s ago`, `4 min ago`, `2 h ago`, `5 d ago`.
    public static func age(seconds: Int64) -> String {
        switch seconds {
        case ..<2: "just now"
        case ..<90: "\(seconds) s ago"
        case ..<5_400: "\((seconds + 30) / 60) min ago"
        case ..<172_800: "\((seconds + 1_800) / 3_600) h ago"
        default: "\(exact(seconds / 86_400)) d ago"
        }
    }

    /// A share between 0 and 1 as `37%`; what is more than nothing never reads as nothing.
    public static func percent(_ share: Double) -> String {
        guard share.isFinite else { return missing }
        if share > 0, share < 0.001 { return "<0.1%" }
        if share < 1, share > 0.999 { return ">99.9%" }
        return decimal(share * 100, places: share < 0.1 || share > 0.99 ? 1 : 0) + "%"
    }

    static let byteUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    /// Stands where there is no number.
    static let missing = "–"

    /// `value` with at most `places` decimals, without zeros at the end.
    static func decimal(_ value: Double, places: Int) -> String {
        let power = [1, 10, 100, 1_000][min(max(places, 0), 3)]
        let scaled = (min(max(value, -1e15), 1e15) * Double(power)).rounded()
        let units = Int64(abs(scaled))
        var text = exact(units / Int64(power))
        var fraction = String(units % Int64(power) + Int64(power)).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        if !fraction.isEmpty { text += "." + fraction }
        return (scaled < 0 ? "-" : "") + text
    }

    /// Three digits and the unit, where 999.95k is 1M and not 1000k.
    private static func scaled(_ value: Double, by step: Double, _ units: [String]) -> String {
        var (size, unit) = (abs(value), 0)
        while unit < units.count - 1, size >= step - (step == 1_000 ? 0.5 : 0.05) {
            size /= step
            unit += 1
        }
        return (value < 0 ? "-" : "") + decimal(size, places: unit == 0 ? 0 : places(size)) + units[unit]
    }

    /// How many decimals make three digits.
    private static func places(_ size: Double) -> Int { size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2 }

    private static func padded(_ number: Int64) -> String { (number < 10 ? "0" : "") + "\(number)" }
}
