import Web
import Foundation

/// The dashboard, `/admin/stats`: complete as it comes from the server, without a script.
struct StatsPage: Sendable {
    private let templates: Templates
    private let map: WorldMap

    init(templates: Templates, map: WorldMap) {
        self.templates = templates
        self.map = map
    }

    /// What the templates name of the moment.
    private struct Moment {
        let pageTitle: String
        let headline: String
        let level: String
        let since: String?
        let facts: [String]
        let alerts: [AlertRows.Row]
        let updated: String
        let zone: String
        /// Reloading is the visitor's choice where there is no script: a page that moves under a reader's eyes
        /// loses their place.
        let reload: PanelLink
        let groups: [StatsCards.Group]
        /// Rows of tables, as HTML.
        let counters: String
        let limited: String
        let admissions: String

        init(_ input: StatsInput, _ choice: StatsChoice, _ hour: LastHour) {
            let findings = Findings(input, hour)
            let state = ServerState(input, findings)
            // The state stands first, so that a tab says it too.
            pageTitle = "\(state.headline) · Signalbox"
            headline = state.headline
            level = state.level.rawValue
            since = state.since
            facts = state.facts
            alerts = AlertRows(input, findings).rows
            updated = CivilTime(input.now, in: input.timeZone).timeWithSeconds
            zone = CivilTime.name(of: input.timeZone)
            reload = PanelLink(
                href: choice.with { $0.reloads = !choice.reloads }.link,
                label: choice.reloads ? "Stop reloading" : "Reload each minute", isCurrent: choice.reloads)
            groups = StatsCards(input, hour).groups
            let rows = CounterRows(input)
            counters = TableRows.counters(rows.rows, inWords: false)
            limited = TableRows.counters(rows.limited, inWords: true)
            admissions = TableRows.counters(rows.admissions, inWords: true)
        }
    }

    /// Everything the whole page names.
    private struct Whole {
        let now: Moment
        let pageTitle: String
        let zone: String
        let reloads: Bool
        /// ``PastPanels``, as HTML.
        let past: String
        /// Rows of a table, as HTML.
        let minutes: String
        let hasMinutes: Bool
        let rules: AlertPanel
        let storage: [PanelFact]
        let build: [PanelFact]
    }

    /// Charts, map and their tables.
    func past(_ input: StatsInput, _ history: StatsHistory) throws -> PastPanels {
        struct Past {
            let zone: String
            let usage: UsagePanel
            let classes: ClassesPanel
            let geo: GeoPanel
        }
        let html = try templates.render(
            "stats-past",
            Past(
                zone: CivilTime.name(of: input.timeZone), usage: UsagePanel(input, history),
                classes: ClassesPanel(input, history), geo: GeoPanel(input, history, map: map)))
        return PastPanels(html: html, store: history.store)
    }

    /// The page, or all its parts alone, as HTML.
    func render(
        _ input: StatsInput, _ choice: StatsChoice, _ past: PastPanels, part: StatsChoice.Part = .page
    ) throws -> String {
        let hour = LastHour(input.recent, now: input.now)
        let now = Moment(input, choice, hour)
        let minutes = MinuteRows(input, hour).rows
        return try templates.render(
            part == .page ? "stats" : "stats-all",
            Whole(
                now: now, pageTitle: now.pageTitle, zone: now.zone, reloads: choice.reloads, past: past.html,
                minutes: TableRows.minutes(minutes), hasMinutes: !minutes.isEmpty,
                rules: AlertPanel(input),
                storage: StoragePanel(input, past.store).facts, build: BuildPanel(input).facts))
    }

    /// The parts that say how things are now, as HTML.
    func renderNow(_ input: StatsInput, _ choice: StatsChoice) throws -> String {
        struct Now { let now: Moment }
        let hour = LastHour(input.recent, now: input.now)
        return try templates.render("stats-now", Now(now: Moment(input, choice, hour)))
    }
}
