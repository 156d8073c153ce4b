import Foundation

/// `2026-06-15T12:34:30.192Z` for a Unix time in ms, as JavaScript's toISOString writes it.
///
/// By the C library: Foundation's formatter brings in megabytes of ICU, for a start and a few rows.
public func timestamp(_ milliseconds: Int64) -> String {
    // What JavaScript's dates end at; a damaged row may hold anything.
    let whole = min(max(milliseconds, -62_135_596_800_000), 8_640_000_000_000_000)
    let seconds = floorTo(1_000, whole) / 1_000
    var (time, parts) = (time_t(seconds), tm())
    gmtime_r(&time, &parts)
    func padded(_ number: some BinaryInteger, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date =
        "\(padded(parts.tm_year + 1_900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
    let clock = "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
    return "\(date)T\(clock).\(padded(whole - seconds * 1_000, 3))Z"
}
