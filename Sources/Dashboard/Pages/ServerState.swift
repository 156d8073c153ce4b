import SignalboxMetrics

/// The server's state in one line: what is wrong, worst first, then what is known to be well.
struct ServerState {
    enum Level { case clear, caution, danger }

    /// Something an operator should know about, in a few words.
    struct Finding: Equatable {
        let level: Level
        let text: String
    }

    let level: Level
    let headline: String
    /// The other findings, then plain facts.
    let facts: [String]

    /// A flush is taken each minute: two missed ones are a fault, not a delay.
    private static let flushOverdueAfterSeconds: Int64 = 150
    /// Above this share of a bound it is time to look.
    private static let nearlyFull = 0.9
    /// How long after a start it is still news how the last run ended.
    private static let startIsNewsSeconds: Int64 = 3_600

    init(_ input: StatsInput, _ hour: LastHour) {
        let serverErrors = hour.sum { $0[.http5xx] }
        let findings = Self.findings(input, serverErrors)
        level = findings.first?.level ?? .clear
        headline = findings.first?.text ?? "All clear"
        var facts = findings.dropFirst().map(\.text)
        facts.append("running for \(NumberText.duration(seconds: input.seconds(since: input.startedAt)))")
        if !Self.isFlushOverdue(input) {
            facts.append(
                input.lastFlushAt == 0
                    ? "first flush within a minute"
                    : "last flush \(NumberText.age(seconds: input.seconds(since: input.lastFlushAt)))")
        }
        if serverErrors == 0 { facts.append("no 5xx in the last hour") }
        self.facts = facts
    }

    /// Worst first.
    private static func findings(_ input: StatsInput, _ serverErrors: Int64) -> [Finding] {
        var findings: [Finding] = []
        if isFlushOverdue(input) {
            findings.append(
                Finding(
                    level: .danger,
                    text: input.lastFlushAt == 0
                        ? "Nothing written to the store since the start"
                        : "Store flush overdue: last one "
                            + NumberText.age(seconds: input.seconds(since: input.lastFlushAt))))
        }
        if input.gauges[.storeWritable] == 0 {
            let waiting = Int64(input.gauges[.storeUnwrittenPoints])
            findings.append(
                Finding(
                    level: .danger,
                    text: "The store can't be written; \(NumberText.exact(waiting)) minutes wait in memory"))
        }
        if serverErrors > 0 {
            findings.append(
                Finding(level: .danger, text: "\(NumberText.exact(serverErrors)) × 5xx in the last hour"))
        }
        if input.storesSetAside > 0 {
            findings.append(
                Finding(level: .danger, text: "A part of the store was damaged and was set aside"))
        }
        if let full = fullness(input, .activeRooms, of: .roomsLimit) {
            findings.append(Finding(level: .caution, text: "Rooms at \(full) of ROOMS_MAX"))
        }
        if let full = fullness(input, .roomBufferBytes, of: .roomBufferLimitBytes) {
            findings.append(Finding(level: .caution, text: "Message memory at \(full) of its limit"))
        }
        if let problem = input.geoSelfTest.facts.database?.problem {
            findings.append(Finding(level: .caution, text: problem))
        }
        if let days = input.geoSelfTest.databaseAgeDays, days > GeoSelfTest.oldAfterDays {
            findings.append(Finding(level: .caution, text: "The country database is \(days) days old"))
        }
        if !input.lastRunEndedCleanly, input.seconds(since: input.startedAt) < startIsNewsSeconds {
            findings.append(Finding(level: .caution, text: "The last run did not end cleanly"))
        }
        return findings
    }

    private static func isFlushOverdue(_ input: StatsInput) -> Bool {
        input.seconds(since: max(input.lastFlushAt, input.startedAt)) > flushOverdueAfterSeconds
    }

    private static func fullness(_ input: StatsInput, _ gauge: Gauge, of limit: Gauge) -> String? {
        let share = input.gauges[gauge] / input.gauges[limit]
        return share.isFinite && share >= nearlyFull ? NumberText.percent(share) : nil
    }
}
