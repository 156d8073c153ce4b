/// A window of time that a series is asked for, and how finely.
public struct SeriesWindow: Sendable, Equatable {
    public enum Step: Sendable, Equatable {
        /// Width in ms, a multiple of a minute.
        case width(Int64)
        /// Days as people of STATS_TZ have them, of 23 to 25 hours.
        case calendarDay
    }

    /// Unix ms; nil for as far back as anything is kept.
    public var from: Int64?
    /// Unix ms, not part of the window.
    public var until: Int64
    /// nil for one that gives at most ``pointsWanted`` points.
    public var step: Step?

    public init(from: Int64?, until: Int64, step: Step? = nil) {
        self.from = from
        self.until = until
        self.step = step
    }

    /// The finest step is chosen that gives no more than this many points.
    static let pointsWanted: Int64 = 500
    /// No answer holds more buckets.
    public static let pointsMax: Int64 = 50_000

    private static let steps: [Int64] =
        [1, 5, 15].map { $0 * minuteMilliseconds } + [1, 6].map { $0 * hourMilliseconds }
        + [1, 7, 28, 364].map { $0 * dayMilliseconds }

    /// The width for a window that was asked for without one.
    static func step(from: Int64, until: Int64) -> Int64 {
        // A window that doesn't begin where a bucket does touches one more than fit into it.
        steps.first { (until - 1) / $0 - from / $0 < pointsWanted } ?? steps[steps.count - 1]
    }
}

/// The series of a window.
public struct WindowAnswer: Sendable {
    public enum Source: String, Sendable { case minute, hourly, daily }

    public let source: Source
    /// Width of a bucket in ms; of a calendar day's as if it had 24 hours.
    public let bucket: Int64
    /// The window, Unix ms.
    public let from: Int64
    public let until: Int64
    /// Start of the retained history, Unix ms; nil when there is none.
    public let availableSince: Int64?
    /// What the window is drawn from starts after the window does.
    public let partial: Bool
    public let points: [Point]
}

extension History {
    /// The series of a window, from the finest points that are fine enough and reach back far enough.
    /// - Parameter metrics: what is asked for besides the original's columns.
    public func series(_ window: SeriesWindow, metrics: [SeriesMetric] = []) async throws -> WindowAnswer {
        let stats = Self.columns(metrics)
        let zone = store.zone
        return try await read { connection in
            let available = try Self.availableSince(connection)
            let from = min(window.from ?? available ?? window.until, window.until)
            if window.step == .calendarDay {
                let (table, days) = (PointTable.days(zone), LocalDays(zone))
                let oldest = try table.oldest(connection)
                return WindowAnswer(
                    source: .daily, bucket: dayMilliseconds, from: from, until: window.until,
                    availableSince: available,
                    partial: oldest.map { $0 > days.day(of: from).lowerBound } ?? true,
                    points: try table.buckets(
                        connection, stats, from: days.day(of: from).lowerBound, until: window.until,
                        bucket: nil))
            }
            var width = SeriesWindow.step(from: from, until: window.until)
            if case .width(let asked) = window.step { width = min(asked, timeMax) }
            var rollups = Rollup.all.drop { $0 != Rollup.fitting(width) }
            var rollup = Rollup.fitting(width)
            var oldest = try rollup.table.oldest(connection)
            // What is too fine to be kept for so long is answered from what is kept longer.
            while rollup.start(oldest ?? .max) > rollup.start(from), let coarser = rollups.dropFirst().first {
                rollups = rollups.dropFirst()
                guard let further = try coarser.table.oldest(connection),
                    oldest.map({ further < coarser.start($0) }) ?? true
                else { continue }
                (rollup, oldest) = (coarser, further)
            }
            width = (width + rollup.width - 1) / rollup.width * rollup.width
            return WindowAnswer(
                source: rollup.source, bucket: width, from: from, until: window.until,
                availableSince: available,
                // A minute's first sample is taken at its end: of all there is, none is missing.
                partial: oldest.map { window.from == nil ? floorTo(hourMilliseconds, $0) > from : $0 > from }
                    ?? true,
                points: try rollup.table.buckets(
                    connection, stats, from: rollup.start(from), until: window.until,
                    bucket: Self.fold(width, native: rollup.width)))
        }
    }

    /// A table of points and how wide each is.
    private struct Rollup: Equatable {
        let source: WindowAnswer.Source
        let width: Int64
        var table: PointTable {
            switch source {
            case .minute: .minutes
            case .hourly: .hours
            case .daily: .utcDays
            }
        }

        /// Finest first.
        static let all = [
            Rollup(source: .minute, width: minuteMilliseconds),
            Rollup(source: .hourly, width: hourMilliseconds),
            Rollup(source: .daily, width: dayMilliseconds),
        ]

        /// The coarsest that buckets of this width are made of.
        static func fitting(_ width: Int64) -> Rollup {
            all.last { width % $0.width == 0 } ?? all[0]
        }

        /// A minute's time is that of its sample; an hour and a day begin where they begin.
        func start(_ t: Int64) -> Int64 { source == .minute ? t : floorTo(width, t) }
    }
}
