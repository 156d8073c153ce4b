import SignalboxMetrics

/// What the store keeps, and how it grows.
struct StoreFacts: Sendable {
    var retention: Store.Retention
    /// Bytes the store grew by in the last day; nil when nothing is known of a day ago.
    var growth: Int64?
    /// The start of the oldest retained point, Unix ms.
    var oldestAt: Int64?

    /// - Parameter now: Unix ms.
    static func read(from metrics: Metrics, now: Int64) async throws -> StoreFacts {
        let dayAgo = try await metrics.history.series(
            SeriesWindow(from: now - 86_400_000, until: now, step: .width(3_600_000)),
            metrics: [SeriesMetric(StoredStat.storeBytes.rawValue)].compactMap { $0 })
        let size = Int64(metrics.gauges()[.storeBytes])
        return StoreFacts(
            retention: metrics.store.retention,
            growth: dayAgo.points.first.flatMap { point in
                // Nothing is known of a day ago where the first point is much younger.
                point.t > now - 86_400_000 + 7_200_000 || point[.storeBytes] == 0
                    ? nil : size - point[.storeBytes]
            },
            oldestAt: try await metrics.history.availableSince())
    }
}
