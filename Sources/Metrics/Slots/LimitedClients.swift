import Synchronization

/// Who met a limit lately, by reason: numbers without a meaning, in memory, forgotten a quarter of an hour after
/// they were counted. So within any quarter of an hour each counts once at most.
final class LimitedClients: Sendable {
    /// Minutes for which somebody who was counted isn't counted again.
    static let minutes = Int64(AlertRules.limitMinutes)
    /// As many are told apart for one limit; further ones aren't counted.
    static let most = 1_024

    private struct State {
        /// The minute in which somebody was counted, in minutes since 1970.
        var counted = [[Int: Int64]](repeating: [:], count: LimitReason.count)
        var minute: Int64 = 0
    }
    private let state = Mutex(State())

    /// Whether this one hasn't been counted for the limit lately.
    func isFirst(_ reason: LimitReason, _ who: Int) -> Bool {
        state.withLock { state in
            // No copy in a variable: to change what it shares would copy it all, for each client of a storm.
            let index = reason.rawValue
            guard state.counted[index][who] == nil, state.counted[index].count < Self.most else {
                return false
            }
            state.counted[index][who] = state.minute
            return true
        }
    }

    /// Begins a minute and forgets whom it is time to forget.
    /// - Parameter t: Unix ms.
    func beginMinute(_ t: Int64) {
        state.withLock { state in
            let minute = floorTo(minuteMilliseconds, t) / minuteMilliseconds
            // What was counted in a future that a clock has taken back would stay for long.
            let kept = (minute - Self.minutes + 1)...minute
            for reason in state.counted.indices {
                state.counted[reason] = state.counted[reason].filter { kept.contains($0.value) }
            }
            state.minute = minute
        }
    }
}
