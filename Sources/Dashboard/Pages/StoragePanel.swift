import SignalboxMetrics

/// What the store keeps and how much room that takes.
struct StoragePanel {
    struct Fact {
        let name: String
        let value: String
    }
    let facts: [Fact]

    init(_ input: StatsInput) {
        let kept = input.retention
        func span(_ minutes: Int64) -> String { NumberText.span(minutes: minutes) }
        var facts = [Fact(name: "Size", value: NumberText.bytes(input.gauges[.storeBytes]))]
        if let growth = input.storeGrowth {
            facts.append(
                Fact(
                    name: "Last 24 hours",
                    value: growth < 0
                        ? "-\(NumberText.bytes(Double(-growth)))" : "+\(NumberText.bytes(Double(growth)))"))
        }
        if let oldest = input.oldestAt {
            facts.append(
                Fact(name: "Oldest point", value: CivilTime(oldest, in: input.timeZone).dateAndTime))
        }
        let unwritten = Int64(input.gauges[.storeUnwrittenPoints])
        if input.gauges[.storeWritable] == 0 || unwritten > 1 {
            facts.append(
                Fact(name: "Waiting in memory", value: "\(NumberText.exact(unwritten)) minutes of counts"))
        }
        facts.append(
            Fact(
                name: "Kept",
                value: "minutes for \(span(kept.minutes)), hours for \(span(kept.hours * 60)), days "
                    + (kept.days == 0 ? "for ever" : "for \(span(kept.days * 1_440))")))
        facts.append(
            Fact(
                name: "Countries kept",
                value:
                    "by minute for \(span(kept.countryMinutes)), by hour for \(span(kept.countryHours * 60))")
        )
        self.facts = facts
    }
}
