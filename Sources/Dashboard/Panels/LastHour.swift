import SignalboxMetrics

/// The last 60 minutes, minute by minute, with what is missing left out where it is missing.
struct LastHour {
    static let minutes = 60
    /// Oldest first; nil where no sample was taken.
    let points: [Point?]

    /// - Parameters:
    ///   - recent: minute points in any order; older ones are left out.
    ///   - now: Unix ms.
    init(_ recent: [Point], now: Int64) {
        var points = [Point?](repeating: nil, count: Self.minutes)
        let current = CivilTime.floor(now, 60_000)
        for point in recent {
            // A clock that was set back leaves samples in what is now the future.
            let age = current - CivilTime.floor(CivilTime.clamped(point.t), 60_000)
            if (0..<Int64(Self.minutes)).contains(age) { points[Self.minutes - 1 - Int(age)] = point }
        }
        self.points = points
    }

    /// What was counted within the hour.
    func sum(_ value: (Point) -> Int64) -> Int64 { points.reduce(0) { $0 &+ ($1.map(value) ?? 0) } }

    /// The newest point.
    var last: Point? { points.last { $0 != nil } ?? nil }

    /// The oldest point that meets a condition.
    func first(where condition: (Point) -> Bool) -> Point? {
        points.lazy.compactMap { $0 }.first(where: condition)
    }

    /// Since when a condition has been met without a break; nil when the newest point doesn't. Unix ms.
    func since(_ condition: (Point) -> Bool) -> Int64? {
        points.lazy.compactMap { $0 }.reversed().prefix(while: condition).last?.t
    }

    /// The highest value.
    func highest(_ stat: StoredStat) -> Int64? { points.compactMap { $0?[stat] }.max() }
}
