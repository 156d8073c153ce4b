import NIOConcurrencyHelpers
import SignalboxMetrics

/// What was read of the past for the page: it changes with a flush, a visit, and the minute, and several people
/// look at the same page.
final class HistoryCache: Sendable {
    private struct State {
        /// What the histories hold for.
        var tag = ""
        var histories: [String: StatsHistory] = [:]
        /// The flush that the week was read after.
        var revision = ""
        var week: GeoAnswer?
    }

    /// Different choices within a minute; more are read afresh.
    private static let historiesMax = 8
    private let state = NIOLockedValueBox(State())

    /// - Parameter now: Unix ms.
    func history(_ metrics: Metrics, _ choice: StatsChoice, now: Int64) async throws -> StatsHistory {
        let tag = "\(metrics.revision)-\(metrics.meter.visits)-\(now / 60_000)"
        let question = choice.link
        if let known = state.withLockedValue({ $0.tag == tag ? $0.histories[question] : nil }) {
            return known
        }
        let read = try await StatsHistory.read(from: metrics, choice, now: now)
        state.withLockedValue { state in
            if state.tag != tag { (state.tag, state.histories) = (tag, [:]) }
            if state.histories.count < Self.historiesMax { state.histories[question] = read }
        }
        return read
    }

    /// Visits of the last seven days, as of the last flush.
    /// - Parameter now: Unix ms.
    func week(_ metrics: Metrics, now: Int64) async throws -> GeoAnswer {
        let revision = metrics.revision
        if let week = state.withLockedValue({ $0.revision == revision ? $0.week : nil }) { return week }
        let week = try await metrics.history.geo(.week, now: now)
        state.withLockedValue { ($0.revision, $0.week) = (revision, week) }
        return week
    }
}
