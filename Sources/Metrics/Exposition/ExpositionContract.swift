/// The names that dashboards and alerts of others rely on: docs/metric-names.txt.
public enum ExpositionContract {
    /// One family a line: name, type, unit, and each label with its values.
    public static var text: String {
        lines.sorted().joined(separator: "\n") + "\n"
    }

    private static var lines: [String] {
        let counters = Dictionary(grouping: Counter.all) { $0.family }.map { family, all in
            line(family, "counter", all.map(\.labels), suffix: "_total")
        }
        let histograms = Dictionary(grouping: Histogram.all) { $0.family }.map { family, all in
            line(
                family, "histogram",
                all.flatMap { one in SlotTable.bucketBounds.map { one.labels + [("le", $0)] } })
        }
        let gauges = Dictionary(grouping: Gauge.all) { $0.family }.map { family, all in
            line(family, "gauge", all.map(\.labels))
        }
        let visits = (ExposedVisits.countries.map(\.text) + ["other"]).map {
            [(key: ExposedVisits.key, value: $0)]
        }
        let alerts = AlertName.inside.map { [(key: AlertName.key, value: $0.text)] }
        return counters + histograms + gauges
            + ProcessReadings.all.map {
                line($0.family, $0.type, [[]], suffix: $0.type == "counter" ? "_total" : "")
            } + [
                line(ExposedVisits.family, "counter", visits, suffix: "_total"),
                line(Exposition.alertFamily, "gauge", alerts), "signalbox_build_info gauge version=*",
            ]
    }

    private static func line(
        _ family: Family, _ type: String, _ labels: [[(key: String, value: String)]], suffix: String = ""
    ) -> String {
        let keys = labels.first?.map(\.key) ?? []
        let values = keys.enumerated().map { place, key in
            var seen: [String] = []
            for one in labels where !seen.contains(one[place].value) { seen.append(one[place].value) }
            return "\(key)=\(seen.joined(separator: "|"))"
        }
        return ([family.name + suffix, type] + (family.unit.map { ["unit=\($0)"] } ?? []) + values)
            .joined(separator: " ")
    }
}
