import Foundation
import Relay

/// CLOCK: the time of day that the server goes by, and how fast it runs. For tests and demonstrations: years
/// of history can't be waited for.
struct ClockSetting: Sendable {
    let clock: WallClock
    /// Clock seconds in a second.
    let rate: Int64
    let isReal: Bool

    /// - Parameter value: `2026-06-15T12:34:30Z` or Unix ms, then `*60` for sixty times as fast; nil for the
    ///   machine's clock.
    init(_ value: String?) throws {
        guard let value else {
            (clock, rate, isReal) = (.system, 1, true)
            return
        }
        let parts = value.split(separator: "*", omittingEmptySubsequences: false)
        let formatter = ISO8601DateFormatter()
        let written =
            Int64(parts[0])
            ?? formatter.date(from: String(parts[0])).map { Int64($0.timeIntervalSince1970 * 1_000) }
        let rate = parts.count == 2 ? Int64(parts[1]) : 1
        guard let written, let rate, (1...10_000).contains(rate), parts.count <= 2,
            (0...4_102_444_800_000).contains(written)
        else {
            throw SettingsError(
                description:
                    "CLOCK is a time such as 2026-06-15T12:34:30Z or Unix ms, with *60 after it to run faster."
            )
        }
        let beginning = Self.monotonic()
        clock = WallClock { written + (Self.monotonic() - beginning) * rate }
        self.rate = rate
        isReal = false
    }

    private static func monotonic() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
