import SignalboxMetrics
import Web

/// What the store keeps and how much room that takes.
struct StoragePanel {
    private let input: StatsInput
    private let store: StoreFacts

    init(_ input: StatsInput, _ store: StoreFacts) {
        self.input = input
        self.store = store
    }

    /// Bytes that a day adds, at the rate of the last one.
    var bytesADay: Int64? { store.growth }
    var sizeBytes: Int64 { Int64(input.gauges[.storeBytes]) }
    var unwritten: Int64 { Int64(input.gauges[.storeUnwrittenPoints]) }
    var isWritable: Bool { input.gauges[.storeWritable] != 0 }

    var facts: [PanelFact] {
        let kept = store.retention
        func span(_ minutes: Int64) -> String { NumberText.span(minutes: minutes) }
        var facts = [PanelFact(name: "Size", value: NumberText.bytes(Double(sizeBytes)))]
        if let growth = bytesADay {
            let size = NumberText.bytes(Double(abs(growth)))
            facts.append(PanelFact(name: "Last 24 hours", value: (growth < 0 ? "-" : "+") + size))
        }
        if let oldest = store.oldestAt {
            facts.append(
                PanelFact(
                    name: "Oldest point", value: CivilTime(oldest, in: input.timeZone).dateAndTime))
        }
        facts.append(
            PanelFact(
                name: "Last flush",
                value: input.lastFlushAt == 0
                    ? "none yet"
                    : CivilTime(input.lastFlushAt, in: input.timeZone).timeWithSeconds))
        if !isWritable || unwritten > 1 {
            facts.append(
                PanelFact(
                    name: "Waiting in memory", value: "\(NumberText.exact(unwritten)) minutes of counts"))
        }
        facts.append(
            PanelFact(
                name: "Kept",
                value: "minutes for \(span(kept.minutes)), hours for \(span(kept.hours * 60)), days "
                    + (kept.days == 0 ? "for ever" : "for \(span(kept.days * 1_440))")))
        facts.append(
            PanelFact(
                name: "Countries kept",
                value:
                    "by minute for \(span(kept.countryMinutes)), by hour for \(span(kept.countryHours * 60))")
        )
        return facts
    }

    /// `GET /api/metrics/storage`.
    func write(to json: inout JSONWriter) {
        let kept = store.retention
        json.field("size_bytes", sizeBytes)
        json.field("bytes_last_day", bytesADay)
        json.field("oldest_point", store.oldestAt)
        json.field("last_flush", input.lastFlushAt == 0 ? nil : input.lastFlushAt)
        json.field("writable", isWritable)
        json.field("unwritten_points", unwritten)
        json.key("kept")
        json.object {
            $0.field("minutes", kept.minutes)
            $0.field("hours", kept.hours)
            $0.field("days", kept.days == 0 ? nil : kept.days)
            $0.field("country_minutes", kept.countryMinutes)
            $0.field("country_hours", kept.countryHours)
        }
    }
}
