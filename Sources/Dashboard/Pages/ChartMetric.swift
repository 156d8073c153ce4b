public import SignalboxMetrics

/// What the usage chart can show, `?metric=`.
public enum ChartMetric: String, CaseIterable, Sendable {
    case messages
    case bytes
    case deliveries
    case rooms
    case peakRooms = "peak_rooms"
    case peakSubs = "peak_subs"
    case bugs
    case http429 = "http_429"
    case http5xx = "http_5xx"

    /// The metric of a query value; anything unknown is messages.
    public init(query: String?) { self = query.flatMap(Self.init(rawValue:)) ?? .messages }

    /// What people see.
    public var label: String {
        switch self {
        case .messages: "Messages"
        case .rooms: "Rooms created"
        case .peakRooms: "Peak rooms"
        case .peakSubs: "Peak subscribers"
        case .bugs: "Reports"
        case .bytes: "Bytes"
        case .deliveries: "Deliveries"
        case .http429: "429"
        case .http5xx: "5xx"
        }
    }

    public var unit: ValueUnit { self == .bytes ? .bytes : .count }

    /// Whether values of several points add up; the others are highest values.
    public var addsUp: Bool { self != .peakRooms && self != .peakSubs }

    /// The columns that add up to it.
    var stats: [StoredStat] {
        switch self {
        case .messages: [.messages]
        case .rooms: [.rooms]
        case .peakRooms: [.peakRooms]
        case .peakSubs: [.peakSubs]
        case .bugs: [.bugs]
        case .bytes: [.bytes]
        case .deliveries: [.deliveriesSSE, .deliveriesWS, .deliveriesPoll]
        case .http429: [.http429]
        case .http5xx: [.http5xx]
        }
    }

    /// The metric's value of one point.
    public func value(of point: Point) -> Int64 { stats.reduce(0) { $0 &+ point[$1] } }

    /// What was counted before the kept history and stands on a series' first point.
    func baseline(of series: SeriesAnswer) -> Int64 {
        switch self {
        case .messages: series.baseline?.messages ?? 0
        case .rooms: series.baseline?.rooms ?? 0
        case .bugs: series.baseline?.bugs ?? 0
        default: 0
        }
    }
}
