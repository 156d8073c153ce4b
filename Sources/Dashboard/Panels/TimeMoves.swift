import SignalboxMetrics

/// Links that move through time: earlier, later, out, and back to the whole range.
struct TimeMoves {
    let choices: [PanelLink]

    /// - Parameter now: Unix ms.
    init(_ choice: StatsChoice, _ series: StatsHistory.Series, now: Int64) {
        func move(_ label: String, _ from: Int64, _ until: Int64) -> PanelLink? {
            guard let window = StatsChoice.window(from: max(0, from), until: min(until, now + 60_000)) else {
                return nil
            }
            return PanelLink(
                href: choice.with { $0.span = window }.link + "#usage", label: label, isCurrent: false)
        }
        let (from, until) = (CivilTime.clamped(series.from), CivilTime.clamped(series.until))
        let half = max(150_000, (until - from) / 2)
        var moves: [PanelLink?] = []
        if choice.span != .range(.all) {
            moves.append(move("Earlier", from - half, until - half))
        }
        if case .window = choice.span {
            if until < now { moves.append(move("Later", from + half, until + half)) }
            moves.append(move("Zoom out", from - half, until + half))
            moves.append(
                PanelLink(
                    href: choice.with { $0.span = .range(.day) }.link + "#usage", label: "Whole range",
                    isCurrent: false))
        }
        choices = moves.compactMap { $0 }
    }
}
