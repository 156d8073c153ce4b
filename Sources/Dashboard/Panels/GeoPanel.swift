import SignalboxMetrics

/// Where visits came from in the range, and whether that can be believed.
struct GeoPanel {
    struct Row {
        let code: String
        let name: String
        let count: String
        /// From our own pure function; the template doesn't escape it.
        let bar: String
    }
    struct Step {
        let level: Int
        let label: String
    }

    let heading: String
    let summary: String
    /// From our own pure function; the template doesn't escape it.
    let map: String
    let legend: [Step]
    /// Most visits first, then what is no country, as HTML.
    let rows: String
    let provenance: String
    /// The self-test.
    let facts: [PanelFact]
    let hints: [String]

    /// Bars are for comparing the first few by eye.
    private static let barsMax = 12

    init(_ input: StatsInput, _ history: StatsHistory, map: WorldMap) {
        let answer = history.geo
        let highest = Double((answer.top + answer.extraTop).map(\.count).max() ?? 0)
        func row(_ index: Int, _ entry: GeoAnswer.Entry) -> Row {
            Row(
                code: entry.code, name: Self.names[entry.code] ?? map.name(of: entry.code) ?? entry.code,
                count: NumberText.exact(entry.count),
                bar: index < Self.barsMax
                    ? ShareBar(Double(entry.count), highest - Double(entry.count)).svg() : "")
        }
        heading = "Visits by country, \(UsagePanel.words(history.choice.span, input))"
        summary = Self.summary(answer)
        let visits = Dictionary(answer.countries.map { ($0.code, $0.count) }) { $0 + $1 }
        self.map = map.svg(id: "countries", title: heading, description: summary, visits: visits)
        legend = map.scale(of: visits).legend.map {
            Step(level: $0.level, label: $0.label)
        }
        rows =
            TableRows.countries(
                answer.countries.enumerated().map { row($0.offset, $0.element) }, key: "code")
            + TableRows.countries(answer.extras.map { row(0, $0) }, key: "extra")
        provenance = Self.provenance(answer, input)
        hints = input.geoSelfTest.hints
        facts = Self.facts(input.geoSelfTest)
    }

    private static func summary(_ answer: GeoAnswer) -> String {
        let visits =
            "\(NumberText.exact(answer.totalVisits)) page \(answer.totalVisits == 1 ? "visit" : "visits")"
        let count = answer.countries.count
        return answer.totalVisits == 0
            ? "No page visits in this range."
            : "\(visits) by browsers from \(count) \(count == 1 ? "country" : "countries")"
                + (answer.approximate ? ", by whole hours." : ".")
    }

    private static func provenance(_ answer: GeoAnswer, _ input: StatsInput) -> String {
        var parts = ["source: \(answer.source == .minute ? "minutes" : "hours")"]
        if let since = answer.availableSince {
            let time = CivilTime(since, in: input.timeZone).dateAndTime
            parts.append("kept since \(time) \(CivilTime.name(of: input.timeZone))")
        }
        if answer.partial { parts.append("nothing older is kept for this range") }
        return parts.joined(separator: " · ")
    }

    private static let names = [
        "LOCAL": "Tailnet or this machine", "XX": "Unknown", "T1": "Tor",
        GeoAnswer.otherCode: "Other countries",
    ]

    private static func facts(_ test: GeoSelfTest) -> [PanelFact] {
        var facts = [PanelFact(name: "Source", value: "GEO_SOURCE \(test.facts.source.rawValue)")]
        facts.append(
            PanelFact(name: "Cloudflare", value: test.facts.trustsCloudflare ? "trusted" : "not trusted"))
        if let database = test.facts.database {
            var value = "not loaded"
            if let type = database.type {
                value = "\(type), IPv\(database.ipVersion ?? 4)"
                if let days = test.databaseAgeDays {
                    value += ", built \(days) \(days == 1 ? "day" : "days") ago"
                }
            }
            facts.append(PanelFact(name: "Database", value: value))
        } else {
            facts.append(PanelFact(name: "Database", value: "none; set GEOIP_DB"))
        }
        let share = test.unknownShare.map {
            "\(NumberText.percent($0)) of \(NumberText.exact(test.visits))"
        }
        facts.append(PanelFact(name: "Unknown in 7 days", value: share ?? "no visits"))
        return facts
    }
}
