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

    var facts: [GeoPanel.Fact] {
        let kept = store.retention
        func span(_ minutes: Int64) -> String { NumberText.span(minutes: minutes) }
        var facts = [GeoPanel.Fact(name: "Size", value: NumberText.bytes(Double(sizeBytes)))]
        if let growth = bytesADay {
            let size = NumberText.bytes(Double(abs(growth)))
            facts.append(GeoPanel.Fact(name: "Last 24 hours", value: (growth < 0 ? "-" : "+") + size))
        }
        if let oldest = store.oldestAt {
            facts.append(
                GeoPanel.Fact(
                    name: "Oldest point", value: CivilTime(oldest, in: input.timeZone).dateAndTime))
        }
        facts.append(
            GeoPanel.Fact(
                name: "Last flush",
                value: input.lastFlushAt == 0
                    ? "none yet"
                    : CivilTime(input.lastFlushAt, in: input.timeZone).timeWithSeconds))
        if !isWritable || unwritten > 1 {
            facts.append(
                GeoPanel.Fact(
                    name: "Waiting in memory", value: "\(NumberText.exact(unwritten)) minutes of counts"))
        }
        facts.append(
            GeoPanel.Fact(
                name: "Kept",
                value: "minutes for \(span(kept.minutes)), hours for \(span(kept.hours * 60)), days "
                    + (kept.days == 0 ? "for ever" : "for \(span(kept.days * 1_440))")))
        facts.append(
            GeoPanel.Fact(
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

/// What runs, since when, and how it has ended before.
struct BuildPanel {
    private let input: StatsInput

    init(_ input: StatsInput) { self.input = input }

    var facts: [GeoPanel.Fact] {
        [
            GeoPanel.Fact(name: "Version", value: input.build.version),
            GeoPanel.Fact(name: "Commit", value: input.build.commit ?? "not noted by the build"),
            GeoPanel.Fact(
                name: "Started",
                value:
                    "\(CivilTime(input.startedAt, in: input.timeZone).dateAndTime) \(CivilTime.name(of: input.timeZone))"
            ),
            GeoPanel.Fact(
                name: "Uptime", value: NumberText.duration(seconds: input.seconds(since: input.startedAt))),
            GeoPanel.Fact(name: "Starts", value: NumberText.exact(input.processStarts)),
            GeoPanel.Fact(name: "Unclean ends", value: NumberText.exact(input.uncleanShutdowns)),
            GeoPanel.Fact(name: "First boot", value: String(input.firstBoot.prefix(10))),
        ]
    }

    /// `GET /api/metrics/build`.
    func write(to json: inout JSONWriter) {
        json.field("version", input.build.version)
        json.field("commit", input.build.commit)
        json.field("started_at", timestamp(input.startedAt))
        json.field("started_ms", input.startedAt)
        json.field("uptime_seconds", input.seconds(since: input.startedAt))
        json.field("first_boot_at", input.firstBoot)
        json.field("process_starts_total", input.processStarts)
        json.field("unclean_shutdowns_total", input.uncleanShutdowns)
        json.field("last_run_ended_cleanly", input.lastRunEndedCleanly)
    }
}
