/// One alert that fires or has ended, for programs. Every text of it is one of ours.
public struct AlertNotice: Sendable, Equatable {
    public let name: String
    public let severity: String
    public let summary: String
    public let description: String
    /// Where the page about it is.
    public let runbook: String
    /// Further labels, such as the limit it is about.
    public let labels: [String: String]
    /// The same for the same alert, so that who receives it can join begin and end.
    public let fingerprint: String
    /// Unix ms.
    public let startedAt: Int64
    /// Unix ms; nil while it fires.
    public let endedAt: Int64?

    public init(
        name: String, severity: String, summary: String, description: String, runbook: String,
        labels: [String: String], fingerprint: String, startedAt: Int64, endedAt: Int64?
    ) {
        self.name = name
        self.severity = severity
        self.summary = summary
        self.description = description
        self.runbook = runbook
        self.labels = labels
        self.fingerprint = fingerprint
        self.startedAt = startedAt
        self.endedAt = endedAt
    }
}
