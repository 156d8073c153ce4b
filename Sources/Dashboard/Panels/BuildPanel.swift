import SignalboxMetrics
import Web

/// What runs, since when, and how it has ended before.
struct BuildPanel {
    private let input: StatsInput

    init(_ input: StatsInput) { self.input = input }

    var facts: [PanelFact] {
        [
            PanelFact(name: "Version", value: input.build.version),
            PanelFact(name: "Commit", value: input.build.commit ?? "not noted by the build"),
            PanelFact(
                name: "Started",
                value:
                    "\(CivilTime(input.startedAt, in: input.timeZone).dateAndTime) \(CivilTime.name(of: input.timeZone))"
            ),
            PanelFact(
                name: "Uptime", value: NumberText.duration(seconds: input.seconds(since: input.startedAt))),
            PanelFact(name: "Starts", value: NumberText.exact(input.processStarts)),
            PanelFact(name: "Unclean ends", value: NumberText.exact(input.uncleanShutdowns)),
            PanelFact(name: "First boot", value: String(input.firstBoot.prefix(10))),
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
