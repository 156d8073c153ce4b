/// An exposition taken apart, strictly: what isn't a comment or a sample is kept as a fault.
struct Scrape {
    struct Sample {
        /// Name and labels as written.
        let series: String
        let name: String
        let value: String
    }
    private(set) var samples: [Sample] = []
    /// Family and type, in order.
    private(set) var types: [(family: String, type: String)] = []
    private(set) var helps: [String] = []
    private(set) var units: [String: String] = [:]
    private(set) var faults: [String] = []
    /// The family each sample belongs to by the last TYPE line above it.
    private(set) var familyOfSample: [String] = []
    let lines: [String]

    init(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for line in lines {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            if line.hasPrefix("# HELP ") {
                helps.append(String(words[2]))
            } else if line.hasPrefix("# TYPE ") {
                types.append((String(words[2]), String(words[3])))
            } else if line.hasPrefix("# UNIT ") {
                units[String(words[2])] = String(words[3])
            } else if line == "# EOF" || line.isEmpty {
                continue
            } else if words.count >= 2, let family = types.last?.family {
                let series = words.dropLast().joined(separator: " ")
                let name = String(series.prefix { $0 != "{" })
                samples.append(Sample(series: series, name: name, value: String(words[words.count - 1])))
                familyOfSample.append(family)
            } else {
                faults.append(line)
            }
        }
    }

    subscript(series: String) -> String? { samples.first { $0.series == series }?.value }
}
