import SignalboxMetrics
import Web

/// What a visitor of the dashboard wants to see, as its address says it. Anything unknown is the default.
struct StatsChoice: Equatable, Sendable {
    enum Span: Equatable, Sendable {
        case range(SeriesRange)
        /// Unix ms; `until` isn't part of it.
        case window(from: Int64, until: Int64)
    }
    /// Which part of the page is asked for; the script swaps parts.
    enum Part: String, Sendable { case page, now, all }

    var span = Span.range(.day)
    var metric = ChartMetric.messages
    var scale = StackedChart.Scale.linear
    /// Whether the page asks for itself again where there is no script.
    var reloads = true

    init() {}

    /// - Parameter query: of the request; `range`, `from` and `to` in Unix ms, `metric`, `scale`, `refresh`.
    init(_ query: Query) {
        metric = ChartMetric(query: query["metric"])
        scale = query["scale"].flatMap(StackedChart.Scale.init(rawValue:)) ?? .linear
        reloads = query["refresh"] != "0"
        span = .range(SeriesRange(query: query["range"]))
        if let from = query["from"].flatMap({ Int64($0) }), let until = query["to"].flatMap({ Int64($0) }),
            let window = Self.window(from: from, until: until)
        {
            span = window
        }
    }

    /// What JavaScript's dates end at.
    private static let timeMax: Int64 = 8_640_000_000_000_000
    private static let spanMin: Int64 = 5 * 60_000
    private static let spanMax: Int64 = 36_525 * 86_400_000

    /// A window of whole minutes, five of them at least; nil for one that can't be looked at.
    static func window(from: Int64, until: Int64) -> Span? {
        guard from >= 0, from < until, until <= timeMax, until - from <= spanMax else { return nil }
        let start = from - from % 60_000
        let end = until + (60_000 - until % 60_000) % 60_000
        return .window(from: start, until: max(end, start + spanMin))
    }

    /// The shortest address that says it.
    var address: String {
        var parts: [String] = []
        switch span {
        case .range(.day): break
        case .range(let range): parts.append("range=\(range.rawValue)")
        case .window(let from, let until): parts.append("from=\(from)&to=\(until)")
        }
        if metric != .messages { parts.append("metric=\(metric.name)") }
        return "/admin/stats" + (parts + rest).joined(separator: "&").prefixed("?")
    }

    /// An address that names range and metric whatever they are.
    var link: String {
        let time =
            switch span {
            case .range(let range): "range=\(range.rawValue)"
            case .window(let from, let until): "from=\(from)&to=\(until)"
            }
        return "/admin/stats?" + ([time, "metric=\(metric.name)"] + rest).joined(separator: "&")
    }

    private var rest: [String] {
        (scale == .linear ? [] : ["scale=\(scale.rawValue)"]) + (reloads ? [] : ["refresh=0"])
    }

    /// The same with something else.
    func with(_ change: (inout StatsChoice) -> Void) -> StatsChoice {
        var other = self
        change(&other)
        return other
    }
}

extension String {
    fileprivate func prefixed(_ prefix: String) -> String { isEmpty ? "" : prefix + self }
}
