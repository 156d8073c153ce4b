import SignalboxMetrics

/// What the dashboard shows of the past, read for one choice of range and metric.
struct StatsHistory: Sendable {
    var choice: StatsChoice
    var series: Series
    /// The chosen metric in the time of the same length before, moved into this one; empty for everything.
    var previous: [Point]
    /// Visits by country.
    var geo: GeoAnswer
    var store: StoreFacts
    /// Alerts that began to fire in it.
    var fired: [AlertBook.Event] = []

    /// Points of a range or a window.
    struct Series: Sendable {
        /// Which points they were drawn from, in words.
        var source: String
        /// Width of a bucket in ms.
        var bucket: Int64
        /// The time that is looked at, Unix ms.
        var from: Int64
        var until: Int64
        /// Start of the retained history, Unix ms.
        var availableSince: Int64?
        /// The retained history starts after `from`.
        var partial: Bool
        /// Counts from before the retained history that stand on the first point.
        var baseline: SeriesAnswer.Baseline?
        var points: [Point]
    }

    /// The columns that every view needs besides the chosen metric's.
    static let always: [SeriesMetric] = [
        StoredStat.http2xx, .http4xx, .http429, .http5xx, .processStarts, .uncleanShutdowns,
    ].compactMap { SeriesMetric($0.rawValue) }

    /// - Parameter now: Unix ms.
    static func read(from metrics: Metrics, _ choice: StatsChoice, now: Int64) async throws -> StatsHistory {
        let history = metrics.history
        let wanted = always + [choice.metric.series]
        let series: Series
        let geo: GeoAnswer
        switch choice.span {
        case .range(let range):
            series = Series(try await history.series(range, metrics: wanted, now: now), now: now)
            geo = try await history.geo(range, minimum: metrics.visitsMin, now: now)
        case .window(let from, let until):
            let window = SeriesWindow(from: from, until: until)
            series = Series(try await history.series(window, metrics: wanted))
            geo = try await history.geo(window, minimum: metrics.visitsMin, now: now)
        }
        let events = try await metrics.alerts.book.events(from: series.from, until: series.until)
        return StatsHistory(
            choice: choice, series: series,
            previous: try await previous(of: series, choice, history), geo: geo,
            store: try await StoreFacts.read(from: metrics, now: now),
            fired: events.filter { $0.change == .fired })
    }

    /// The time of the same length before, in the same buckets.
    private static func previous(
        of series: Series, _ choice: StatsChoice, _ history: History
    ) async throws -> [Point] {
        guard choice.span != .range(.all) else { return [] }
        // Moved by whole buckets, so that points stand above each other.
        let span = (series.until - series.from + series.bucket - 1) / series.bucket * series.bucket
        guard let available = series.availableSince, available < series.from else { return [] }
        let window = SeriesWindow(
            from: series.from - span, until: series.until - span, step: .width(series.bucket))
        return try await history.series(window, metrics: [choice.metric.series]).points.map {
            var moved = $0
            moved.t += span
            return moved
        }
    }
}

extension StatsHistory.Series {
    init(_ answer: SeriesAnswer, now: Int64) {
        // A clock that was set back leaves points in what is now the future.
        let points = answer.points.filter { $0.t <= now + answer.bucket }
        let from = answer.requestedSince ?? now - 3_600_000
        self.init(
            source: answer.source == .minute ? "minutes" : "hours", bucket: answer.bucket,
            from: min(from, points.first.map { CivilTime.clamped($0.t) } ?? from),
            until: max(now, from + 60_000),
            availableSince: answer.availableSince, partial: answer.partial, baseline: answer.baseline,
            points: points)
    }

    init(_ answer: WindowAnswer) {
        let source =
            switch answer.source {
            case .minute: "minutes"
            case .hourly: "hours"
            case .daily: "days"
            }
        self.init(
            source: source, bucket: answer.bucket, from: answer.from, until: answer.until,
            availableSince: answer.availableSince, partial: answer.partial, baseline: nil,
            points: answer.points)
    }
}
