/// The ranges of the original's series, `?range=`.
public enum SeriesRange: String, CaseIterable, Sendable {
    case all
    case month = "1month"
    case week = "1week"
    case day = "1day"
    case eightHours = "8h"
    case hour = "1h"

    /// The range of a query value; anything unknown is a day, as in the original.
    public init(query: String?) { self = query.flatMap(Self.init(rawValue:)) ?? .day }

    /// What people see.
    public var label: String {
        switch self {
        case .all: "ALL"
        case .month: "1 month"
        case .week: "1 week"
        case .day: "1 day"
        case .eightHours: "8h"
        case .hour: "1h"
        }
    }

    /// Length in ms; nil for everything there is.
    public var span: Int64? {
        switch self {
        case .all: nil
        case .month: 30 * dayMilliseconds
        case .week: 7 * dayMilliseconds
        case .day: dayMilliseconds
        case .eightHours: 8 * hourMilliseconds
        case .hour: hourMilliseconds
        }
    }

    /// The bucket's width in ms for ranges drawn from minutes; nil for those drawn from hours.
    var minuteBucket: Int64? {
        switch self {
        case .all, .month, .week: nil
        case .day: 15 * minuteMilliseconds
        case .eightHours: 5 * minuteMilliseconds
        case .hour: minuteMilliseconds
        }
    }
}

/// The answer of `/api/metrics/series`.
public struct SeriesAnswer: Sendable {
    public enum Source: String, Sendable { case minute, hourly }
    public struct Baseline: Sendable, Equatable {
        public var messages: Int64 = 0
        public var rooms: Int64 = 0
        public var bugs: Int64 = 0
    }

    public let range: SeriesRange
    public let source: Source
    /// Width of a bucket in ms.
    public let bucket: Int64
    /// Counts from before the retained history that were put on the first point; nil without history.
    public let baseline: Baseline?
    /// Start of the range asked for, Unix ms; nil for everything when there is nothing.
    public let requestedSince: Int64?
    /// Start of the retained history, Unix ms.
    public let availableSince: Int64?
    /// The retained history starts after the range does.
    public let partial: Bool
    public let points: [Point]
}
