import SignalboxMetrics

/// Where visits came from in the range, and whether that can be believed.
struct GeoPanel {
    struct Row {
        let name: String
        let count: String
        /// From our own pure function; the template doesn't escape it.
        let bar: String
    }
    struct Fact {
        let name: String
        let value: String
    }

    let heading: String
    let summary: String
    let rows: [Row]
    let extras: [Row]
    /// The self-test.
    let facts: [Fact]
    let hints: [String]

    init(_ input: StatsInput) {
        let answer = input.geo
        let highest = Double((answer.top + answer.extraTop).map(\.count).max() ?? 0)
        func row(_ entry: GeoAnswer.Entry) -> Row {
            Row(
                name: Self.names[entry.code] ?? entry.code, count: NumberText.exact(entry.count),
                bar: ShareBar(Double(entry.count), highest - Double(entry.count)).svg())
        }
        heading = "Visits by country, \(UsagePanel.words(answer.range ?? .day))"
        let visits =
            "\(NumberText.exact(answer.totalVisits)) page \(answer.totalVisits == 1 ? "visit" : "visits")"
        let count = answer.countries.count
        summary =
            answer.totalVisits == 0
            ? "No page visits in this range."
            : "\(visits) by browsers from \(count) \(count == 1 ? "country" : "countries")"
                + (answer.approximate ? ", by whole hours." : ".")
        rows = answer.top.map(row)
        extras = answer.extraTop.map(row)
        hints = input.geoSelfTest.hints
        facts = Self.facts(input.geoSelfTest)
    }

    private static let names = [
        "LOCAL": "Tailnet or this machine", "XX": "Unknown", "T1": "Tor",
        GeoAnswer.otherCode: "Other countries",
    ]

    private static func facts(_ test: GeoSelfTest) -> [Fact] {
        var facts = [Fact(name: "Source", value: "GEO_SOURCE \(test.facts.source.rawValue)")]
        facts.append(
            Fact(name: "Cloudflare", value: test.facts.trustsCloudflare ? "trusted" : "not trusted"))
        if let database = test.facts.database {
            var value = "not loaded"
            if let type = database.type {
                value = "\(type), IPv\(database.ipVersion ?? 4)"
                if let days = test.databaseAgeDays {
                    value += ", built \(days) \(days == 1 ? "day" : "days") ago"
                }
            }
            facts.append(Fact(name: "Database", value: value))
        } else {
            facts.append(Fact(name: "Database", value: "none; set GEOIP_DB"))
        }
        facts.append(
            Fact(
                name: "Unknown in 7 days",
                value: test.unknownShare.map {
                    "\(NumberText.percent($0)) of \(NumberText.exact(test.visits))"
                }
                    ?? "no visits"))
        return facts
    }
}
