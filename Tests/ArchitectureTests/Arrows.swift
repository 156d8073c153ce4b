import Foundation

/// Which of our targets may use which. Whatever isn't listed is forbidden.
enum Arrows {
    static let allowed: [String: Set<String>] = [
        "CSodium": [], "CSQLite": [], "CMaxMindDB": [], "CSlots": [], "CZlib": [],
        "SQLite": ["CSQLite"],
        "GeoIP": ["CMaxMindDB"],
        "Notify": [],
        "SignalboxMetrics": ["SQLite", "GeoIP", "CSlots"],
        // CSodium: secrets are compared in constant time.
        "Web": ["SignalboxMetrics", "SQLite", "GeoIP", "CSodium", "CZlib"],
        "Relay": ["Web", "SignalboxMetrics", "SQLite", "GeoIP", "Notify", "CSodium"],
        "Site": ["Web", "SignalboxMetrics"],
        "Dashboard": ["Web", "SignalboxMetrics", "SQLite", "GeoIP", "CSodium"],
        // CSodium: `signalbox demo` encrypts as a client does.
        "Signalbox": [
            "Relay", "Dashboard", "Site", "Web", "SignalboxMetrics", "SQLite", "GeoIP", "Notify", "CSodium",
        ],
    ]

    /// The target whose sources lie in a folder of Sources.
    static func target(ofFolder folder: String) -> String {
        folder == "Metrics" ? "SignalboxMetrics" : folder
    }

    struct Target {
        let name: String
        let dependencies: Set<String>
    }

    /// The targets of a package manifest that aren't tests or benchmarks, with those of their dependencies that are ours.
    static func targets(inManifest text: String) -> [Target] {
        let parts = text.components(separatedBy: "    targets: [").dropFirst().joined()
        return parts.matches(of: /\.(target|executableTarget|systemLibrary)\(/).compactMap { match in
            let declaration = balanced(parts[match.range.upperBound...])
            guard let name = declaration.firstMatch(of: /name: "(\w+)"/)?.1,
                !declaration.contains("path: \"Tests/"), !declaration.contains("path: \"Benchmarks/")
            else { return nil }
            var names: Set<String> = []
            if let start = declaration.firstRange(of: "dependencies: [") {
                let list = declaration[start.upperBound...].prefix { $0 != "]" }
                let ours = list.replacing(/\.product\([^)]*\)/, with: "")
                names = Set(ours.matches(of: /"(\w+)"/).map { String($0.1) })
            }
            return Target(name: String(name), dependencies: names)
        }
    }

    /// The text up to the parenthesis that closes the one before it.
    private static func balanced(_ text: Substring) -> Substring {
        var depth = 1
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return text[..<index] }
        }
        return text
    }

    /// The module a line imports; nil for other lines.
    static func importedModule(_ line: String) -> String? {
        let pattern =
            #/
                ^\s*(@\w+(\([^)]*\))?\s+)*
                ((public|package|internal|fileprivate|private)\s+)?import\s+
                ((struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)
            /#
        return line.firstMatch(of: pattern).map { String($0.7) }
    }
}
