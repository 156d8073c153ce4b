import SignalboxMetrics

/// What the usage chart can show, `?metric=`: a column of the history, or what several add up to.
struct ChartMetric: Equatable, Sendable {
    /// As the address and the JSON routes have it.
    let name: String
    /// What people see.
    let label: String
    let series: SeriesMetric

    /// - Parameter name: nil for one that no metric has.
    init?(_ name: String) {
        guard let series = SeriesMetric(name) else { return nil }
        self.name = name
        self.series = series
        label = Self.labels[name] ?? Self.words(name)
    }

    /// The metric of a query value; anything unknown is messages.
    init(query: String?) { self = query.flatMap { ChartMetric($0) } ?? .messages }

    var unit: ValueUnit {
        if name.hasSuffix("_us") { return .microseconds }
        return name.contains("bytes") ? .bytes : .count
    }

    /// Whether values of several points add up; the others are highest or last values.
    var addsUp: Bool {
        !series.stats.isEmpty
            && series.stats.allSatisfy { if case .count = $0.kind { true } else { false } }
    }

    /// The metric's value of one point.
    func value(of point: Point) -> Int64 { series.value(of: point) ?? 0 }

    /// What was counted before the kept history and stands on a series' first point.
    func baseline(of baseline: SeriesAnswer.Baseline?) -> Int64 {
        switch name {
        case "messages": baseline?.messages ?? 0
        case "rooms": baseline?.rooms ?? 0
        case "bugs": baseline?.bugs ?? 0
        default: 0
        }
    }

    /// What operators ask for most; the others are in the list behind them.
    static let common: [ChartMetric] = labels.isEmpty ? [] : order.compactMap { ChartMetric($0) }
    static let messages = common[0]

    /// Every other column, by name. Times of day and limits have no course worth a chart.
    static let others: [ChartMetric] = StoredStat.allCases.map(\.rawValue).filter {
        !order.contains($0) && !$0.hasSuffix("_timestamp_seconds") && !$0.contains("limit_")
            && !$0.hasSuffix("_limit")
    }.sorted().compactMap { ChartMetric($0) }

    private static let order = [
        "messages", "bytes", "deliveries", "rooms", "peak_rooms", "peak_subs", "request_p99_us",
        "delivery_p99_us", "http_429", "http_5xx", "bugs",
    ]
    private static let labels = [
        "messages": "Messages", "bytes": "Bytes", "deliveries": "Deliveries", "rooms": "Rooms created",
        "peak_rooms": "Peak rooms", "peak_subs": "Peak subscribers", "request_p99_us": "Request p99",
        "delivery_p99_us": "Delivery p99", "http_429": "429", "http_5xx": "5xx", "bugs": "Reports",
        "request_p50_us": "Request p50", "request_p95_us": "Request p95",
    ]

    /// `limited_room_rate` → `Limited room rate`.
    private static func words(_ name: String) -> String {
        let words = name.split(separator: "_").map {
            ["ws", "sse", "http"].contains($0) ? $0.uppercased() : String($0)
        }
        .joined(separator: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }
}
