/// Everything that is counted, a line for each family, for people who want to know what a server can know.
public enum Catalogue {
    /// A family of series.
    public struct Entry: Sendable {
        /// As Prometheus reads it.
        public let name: String
        /// counter, gauge or histogram.
        public let type: String
        /// Names of its labels and how many values each has, such as `route (58)`.
        public let labels: String
        /// What it means.
        public let help: String
    }

    /// Sorted by name.
    public static let entries: [Entry] = {
        let counters = Dictionary(grouping: Counter.all) { $0.family }.map { family, all in
            Entry(
                name: "\(family.name)_total", type: "counter", labels: labels(all.map(\.labels)),
                help: family.help)
        }
        let histograms = Dictionary(grouping: Histogram.all) { $0.family }.map { family, all in
            Entry(
                name: family.name, type: "histogram", labels: labels(all.map(\.labels)), help: family.help)
        }
        let gauges = Dictionary(grouping: Gauge.all) { $0.family }.map { family, all in
            Entry(name: family.name, type: "gauge", labels: labels(all.map(\.labels)), help: family.help)
        }
        let process = ProcessReadings.all.map {
            Entry(
                name: $0.family.name + ($0.type == "counter" ? "_total" : ""), type: $0.type, labels: "",
                help: $0.family.help)
        }
        let others = [
            Entry(
                name: "\(ExposedVisits.family.name)_total", type: "counter",
                labels: "\(ExposedVisits.key) (\(ExposedVisits.count))", help: ExposedVisits.family.help),
            Entry(
                name: Exposition.alertFamily.name, type: "gauge",
                labels: "\(AlertName.key) (\(AlertName.inside.count))", help: Exposition.alertFamily.help),
            Entry(
                name: "signalbox_build_info", type: "gauge", labels: "version (1)",
                help: "The running program; always 1."),
        ]
        return (counters + histograms + gauges + process + others).sorted { $0.name < $1.name }
    }()

    private static func labels(_ all: [[(key: String, value: String)]]) -> String {
        let keys = all.first?.map(\.key) ?? []
        return keys.enumerated().map { place, key in
            "\(key) (\(Set(all.map { $0[place].value }).count))"
        }.joined(separator: ", ")
    }
}
