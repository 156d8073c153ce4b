/// docs/metrics.md, written from the vocabulary: nothing can be counted that isn't in it.
public enum VocabularyDocument {
    /// The whole page.
    public static var text: String {
        ([introduction, counters, histograms, gauges, process, columns, totals]).joined(separator: "\n")
    }

    private static let exposed =
        Counter.all.count + ExposedVisits.count + Histogram.all.count * (SlotTable.bucketBounds.count + 2)
        + Gauge.all.count + AlertName.inside.count + ProcessReadings.all.count + 1

    private static var introduction: String {
        """
        # Everything that is counted

        <!-- Written by `signalbox metrics`; a test fails when this page and the program differ. -->

        \(exposed) series are exposed (at most 2,000) and \(StoredStat.allCases.count) columns are stored each minute
        (at most 150). Names and label values are a closed list: no text of a request can become one.

        Prometheus reads counters from 0 at each start of the process, except where "over restarts" is said. The
        JSON routes read what was counted since first boot, or within a bucket.

        ## How long

        | what | kept |
        |---|---|
        | minute points | 31 days, `METRICS_HISTORY_RETENTION_MINUTES` |
        | hour points | 5 years, `METRICS_HOURLY_HISTORY_MAX` |
        | day points, UTC and `STATS_TZ` | for ever, `METRICS_DAILY_HISTORY_MAX` |
        | countries by minute | 24 to 25 hours, `METRICS_GEO_MINUTE_RETENTION_MINUTES` |
        | countries by hour | 5 years, `METRICS_GEO_HOURLY_HISTORY_MAX` |
        | totals | for ever |

        """
    }

    private static func row(_ cells: String...) -> String { "| " + cells.joined(separator: " | ") + " |" }
    private static func code(_ text: String) -> String { text.isEmpty ? "" : "`\(text)`" }

    private static func labels(_ all: [[(key: String, value: String)]]) -> String {
        let keys = all.first?.map(\.key) ?? []
        return keys.enumerated().map { place, key in
            var seen: [String] = []
            for labels in all where !seen.contains(labels[place].value) { seen.append(labels[place].value) }
            return seen.count > 12
                ? "`\(key)` (\(seen.count) values)" : "`\(key)`: " + seen.joined(separator: ", ")
        }.joined(separator: "; ")
    }

    private static var counters: String {
        var lines = [
            "## Counters", "", "| name | unit | labels | meaning | JSON name |", "|---|---|---|---|---|",
        ]
        var done: Set<Family> = []
        for counter in Counter.all where done.insert(counter.family).inserted {
            let family = counter.family
            let series = Counter.all.filter { $0.family == family }
            lines.append(
                row(
                    code("\(family.name)_total"), family.unit ?? "", labels(series.map(\.labels)),
                    family.help + (counter.isLifetime ? " Counts over restarts." : ""), code(family.jsonName))
            )
        }
        let visits = ExposedVisits.family
        lines.append(
            row(
                code("\(visits.name)_total"), "",
                "`\(ExposedVisits.key)`: the 249 codes of ISO 3166-1, XX, T1, LOCAL, other", visits.help,
                code(visits.jsonName)))
        return lines.joined(separator: "\n") + "\n"
    }

    private static var histograms: String {
        var lines = ["## Histograms", "", "| name | unit | labels | meaning |", "|---|---|---|---|"]
        var done: Set<Family> = []
        for histogram in Histogram.all where done.insert(histogram.family).inserted {
            let family = histogram.family
            let series = Histogram.all.filter { $0.family == family }
            lines.append(row(code(family.name), family.unit ?? "", labels(series.map(\.labels)), family.help))
        }
        lines += ["", "Bounds in seconds: \(SlotTable.bucketBounds.joined(separator: ", "))."]
        return lines.joined(separator: "\n") + "\n"
    }

    private static var gauges: String {
        var lines = [
            "## Gauges", "", "| name | unit | labels | meaning | JSON name |", "|---|---|---|---|---|",
        ]
        for gauge in Gauge.all {
            let name = ([gauge.family.jsonName] + gauge.labels.map(\.value)).joined(separator: "_")
            lines.append(
                row(
                    code(SlotTable.series(gauge.family.name, gauge.labels)), gauge.family.unit ?? "",
                    gauge.labels.map { code($0.key) }.joined(), gauge.family.help, code(name)))
        }
        let alerts = Exposition.alertFamily
        lines.append(
            row(
                code(alerts.name), "", "`\(AlertName.key)` (\(AlertName.inside.count) values)", alerts.help,
                ""))
        lines.append(row(code("signalbox_build_info"), "", "`version`", "The running program; always 1.", ""))
        return lines.joined(separator: "\n") + "\n"
    }

    private static var process: String {
        var lines = ["## The process", "", "| name | type | meaning |", "|---|---|---|"]
        for reading in ProcessReadings.all {
            let name = reading.type == "counter" ? reading.family.name + "_total" : reading.family.name
            lines.append(row(code(name), reading.type, reading.family.help))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static var columns: String {
        var lines = [
            "## Columns of minutes, hours and days", "",
            "Each is a name for `metric=` of `/api/metrics/series`, as are the JSON names above.", "",
            "| column | of two points | holds |", "|---|---|---|",
        ]
        for stat in StoredStat.allCases {
            let holds =
                switch stat.kind {
                case .count(let counters): families(counters)
                case .observations(let histograms): "`\(histograms.first?.family.name ?? "")_count`"
                case .gauge(let gauges):
                    gauges.map { code(SlotTable.series($0.family.name, $0.labels)) }.joined(separator: " + ")
                case .resident: "`process_resident_memory_bytes`"
                case .peak(let peak): "the most \(peak) at once"
                case .quantile(let quantile): quantile.words
                }
            let folding =
                switch StoredStat.folding[stat.index] {
                case .sum: "sum"
                case .later: "later one"
                case .highest: "highest"
                }
            lines.append(row(code(stat.rawValue), folding, holds))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The series of a column, a whole family by its name alone.
    private static func families(_ counters: [Counter]) -> String {
        var parts: [String] = []
        var done: Set<Family> = []
        for counter in counters where done.insert(counter.family).inserted {
            let whole = Counter.all.filter { $0.family == counter.family }
            let ours = counters.filter { $0.family == counter.family }
            let name = "\(counter.family.name)_total"
            if ours.count == whole.count {
                parts.append(code(name))
            } else if ours.count > 8, let last = ours.first?.labels.last {
                parts.append(code(SlotTable.series(name, [last])))
            } else {
                parts.append(labelled(name, ours))
            }
        }
        return parts.joined(separator: " + ")
    }

    private static func labelled(_ name: String, _ counters: [Counter]) -> String {
        counters.map { code(SlotTable.series(name, $0.labels)) }.joined(separator: " + ")
    }

    private static var totals: String {
        var lines = [
            "## Totals of `/api/metrics`", "", "The names of the Bot2Bot wire format.", "",
            "| JSON name | columns that it is counted in |", "|---|---|",
        ]
        for total in OriginalTotal.allCases {
            let stats = SeriesMetric(total.rawValue)?.stats ?? []
            lines.append(row(code(total.rawValue), stats.map { code($0.rawValue) }.joined(separator: " + ")))
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
