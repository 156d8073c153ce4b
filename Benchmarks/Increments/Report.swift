import Foundation

/// One measured figure and what it should be at most.
struct Figure: Encodable {
    let name: String
    let unit: String
    let measured: Double
    /// The fastest round, where there were several.
    let fastest: Double?
    /// nil for what is only there to compare with.
    let target: Double?
    let met: Bool?

    init(_ name: String, _ unit: String, _ measured: Double, fastest: Double? = nil, _ target: Double?) {
        self.name = name
        self.unit = unit
        self.measured = measured
        self.fastest = fastest
        self.target = target
        met = target.map { measured <= $0 }
    }

    /// The row of the table.
    var row: [String] {
        func text(_ value: Double) -> String {
            unit.isEmpty ? "\(Int(value))" : String(format: "%.1f %@", value, unit)
        }
        let limit = target.map { "≤ " + text($0) }
        return [name, limit ?? "", text(measured), fastest.map(text) ?? "", verdict ?? ""]
    }

    private var verdict: String? {
        guard let target, let met else { return nil }
        if met { return "met" }
        return target == 0 ? "missed" : String(format: "missed: %.1f times the target", measured / target)
    }
}

/// All figures, for people and for programs.
struct Report: Encodable {
    let machine: [String: String]
    var figures: [Figure] = []

    init() {
        let loads = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? "unknown"
        let cpu = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
            .split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
        machine = [
            "processor": cpu.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown",
            "processors": "\(ProcessInfo.processInfo.activeProcessorCount)",
            "load": loads.split(separator: " ").prefix(3).joined(separator: " "),
            "system": ProcessInfo.processInfo.operatingSystemVersionString,
        ]
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    func table() -> String {
        let rows = [["what", "target", "median", "fastest", "verdict"]] + figures.map(\.row)
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
                .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
        }
        let about = machine.sorted { $0.key < $1.key }.map { "\($0): \($1)" }.joined(separator: "; ")
        return (lines + ["", about]).joined(separator: "\n")
    }
}
