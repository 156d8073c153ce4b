import Foundation

/// The dashboard, `/admin/stats`: complete as it comes from the server, without a script.
public struct StatsPage: Sendable {
    private let templates: Templates

    public init(templates: Templates) { self.templates = templates }

    /// What the template names.
    private struct View {
        let pageTitle: String
        let headline: String
        let level: String
        let facts: [String]
        let updated: String
        let zone: String
        /// Reloading is the visitor's choice: a page that moves under a reader's eyes loses their place.
        let reload: UsagePanel.Choice
        let groups: [StatsCards.Group]
        let usage: UsagePanel
        let counters: CounterRows
        let minutes: [MinuteRows.Row]
        let version: String
        let firstBoot: String
        let geo: GeoPanel
        let storage: StoragePanel
    }

    /// The page as HTML.
    public func render(_ input: StatsInput) throws -> String {
        let hour = LastHour(input.recent, now: input.now)
        let state = ServerState(input, hour)
        return try templates.render(
            "stats",
            View(
                // The state stands first, so that a tab says it too.
                pageTitle: "\(state.headline) · Signalbox", headline: state.headline,
                level: "\(state.level)",
                facts: state.facts, updated: CivilTime(input.now, in: input.timeZone).timeWithSeconds,
                zone: CivilTime.name(of: input.timeZone),
                reload: UsagePanel.Choice(
                    href: UsagePanel.address(input.series.range, input.metric, reloads: !input.reloads),
                    label: input.reloads ? "Stop reloading" : "Reload every 30 s", isCurrent: input.reloads),
                groups: StatsCards(input, hour).groups, usage: UsagePanel(input),
                counters: CounterRows(input), minutes: MinuteRows(input, hour).rows,
                version: input.version, firstBoot: String(input.firstBoot.prefix(10)),
                geo: GeoPanel(input), storage: StoragePanel(input)))
    }
}
