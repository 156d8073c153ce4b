import SignalboxMetrics

/// What was built into the program that runs.
struct BuildFacts: Sendable {
    var version: String
    /// The commit it was built from, where the build noted it.
    var commit: String?

    init(version: BuildVersion, commit: String?) {
        self.version = version.text
        self.commit = commit
    }
}
