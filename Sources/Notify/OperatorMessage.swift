/// A message to the operator: an alert that fires or resolves, or a report a person submitted.
///
/// Channels (Telegram, Discord, ntfy, webhook) render it each in its own format.
public struct OperatorMessage: Sendable {
    /// One line, shown first.
    public let title: String
    /// What happened and what to look at.
    public let body: String

    public init(title: String, body: String) {
        self.title = title
        self.body = body
    }
}
