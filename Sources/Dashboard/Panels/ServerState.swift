import SignalboxMetrics

/// The server's state in one line: the worst that is wrong and since when, then what is known to be well.
struct ServerState {
    let level: Finding.Level
    let headline: String
    /// `since 02:41`, where it is known.
    let since: String?
    /// Plain facts.
    let facts: [String]

    init(_ input: StatsInput, _ findings: Findings) {
        let worst = findings.list.first
        level = worst?.level ?? .clear
        headline = worst?.text ?? "All clear"
        since = worst?.since.map { "since \(Self.time($0, input))" }
        var facts: [String] = []
        let others = findings.list.count - 1
        if others > 0 { facts.append("\(others) more \(others == 1 ? "alert" : "alerts")") }
        facts.append("running for \(NumberText.duration(seconds: input.seconds(since: input.startedAt)))")
        if !findings.isFlushOverdue {
            facts.append(
                input.lastFlushAt == 0
                    ? "first flush within a minute"
                    : "last flush \(NumberText.age(seconds: input.seconds(since: input.lastFlushAt)))")
        }
        if !findings.has5xx { facts.append("no 5xx in the last hour") }
        self.facts = facts
    }

    /// A time within a day by the clock alone, another one with its date.
    static func time(_ t: Int64, _ input: StatsInput) -> String {
        let civil = CivilTime(t, in: input.timeZone)
        return abs(input.now - t) < 20 * 3_600_000 ? civil.time : civil.dateAndTime
    }
}
