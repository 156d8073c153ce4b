import Foundation

/// Alerts to any address that takes what Alertmanager posts to its webhook receivers.
///
/// Only alerts: a report of a person has no place in that form, and is not sent.
public struct WebhookChannel: OperatorChannel {
    public let kind = ChannelKind.webhook
    private let address: SecretAddress
    private let http: OutgoingHTTP

    /// - Parameter address: the whole address, which may hold a token.
    /// - Throws: ``ChannelSettingsError`` when it is no address of http or https.
    public init(address: String, over http: OutgoingHTTP) throws(ChannelSettingsError) {
        guard let address = SecretAddress(address) else { throw .webhookAddress }
        self.address = address
        self.http = http
    }

    public func deliver(_ note: OperatorNote) async throws(DeliveryError) {
        guard !note.alerts.isEmpty else { return }
        try await http.post(AlertmanagerPayload(note), to: address)
    }
}

/// Alertmanager's webhook payload, version 4: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
struct AlertmanagerPayload: Encodable {
    struct Alert: Encodable {
        let status: String
        let labels: [String: String]
        let annotations: [String: String]
        let startsAt: String
        /// Year 1 while it fires, as Go writes a time that isn't set.
        let endsAt: String
        let generatorURL: String
        let fingerprint: String
    }

    let version = "4"
    let groupKey = "{}:{service=\"signalbox\"}"
    let truncatedAlerts = 0
    let status: String
    let receiver = "signalbox"
    let groupLabels = ["service": "signalbox"]
    let commonLabels = ["service": "signalbox"]
    let commonAnnotations: [String: String] = [:]
    let externalURL: String
    let alerts: [Alert]

    init(_ note: OperatorNote) {
        status = note.alerts.contains { $0.endedAt == nil } ? "firing" : "resolved"
        externalURL = note.link ?? ""
        alerts = note.alerts.map { notice in
            var labels = notice.labels
            labels["alertname"] = notice.name
            labels["severity"] = notice.severity
            labels["service"] = "signalbox"
            return Alert(
                status: notice.endedAt == nil ? "firing" : "resolved", labels: labels,
                annotations: [
                    "summary": notice.summary, "description": notice.description,
                    "runbook_url": notice.runbook,
                ],
                startsAt: Self.time(notice.startedAt),
                endsAt: notice.endedAt.map(Self.time) ?? "0001-01-01T00:00:00Z",
                generatorURL: note.link ?? "", fingerprint: notice.fingerprint)
        }
    }

    /// RFC 3339 with milliseconds; a date made of a fraction of a second would be rounded down.
    private static func time(_ milliseconds: Int64) -> String {
        let second = Date(timeIntervalSince1970: Double(milliseconds / 1_000)).formatted(.iso8601)
        let rest = String(milliseconds % 1_000 + 1_000).dropFirst()
        return "\(second.dropLast()).\(rest)Z"
    }
}
