import Synchronization

/// Who met a limit in the present ten minutes, by reason: numbers without a meaning, in memory, forgotten with
/// the period.
final class LimitedClients: Sendable {
    /// As many are told apart for one limit; further ones aren't counted.
    static let most = 1_024
    private let seen = Mutex([Set<Int>](repeating: [], count: LimitReason.count))

    /// Whether the limit hasn't met this one within the period.
    func isFirst(_ reason: LimitReason, _ who: Int) -> Bool {
        seen.withLock { seen in
            seen[reason.rawValue].count < Self.most && seen[reason.rawValue].insert(who).inserted
        }
    }

    func begin() {
        seen.withLock { seen in
            for index in seen.indices { seen[index] = [] }
        }
    }
}
