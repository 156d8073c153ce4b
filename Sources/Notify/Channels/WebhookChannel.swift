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
        for payload in AlertmanagerPayload.groups(of: note) { try await http.post(payload, to: address) }
    }
}

/// Alertmanager's webhook payload, version 4: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
///
/// As there, it holds its whole group: who opens and closes incidents by `groupKey` and `status` closes one when
/// nothing of the group fires any more. A group is an alert of a server, with all the limits it is about; its tests
/// are another.
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
    let groupKey: String
    let truncatedAlerts = 0
    let status: String
    let receiver = "signalbox"
    let groupLabels: [String: String]
    let commonLabels: [String: String]
    let commonAnnotations: [String: String]
    let externalURL: String
    let alerts: [Alert]

    /// One for each group that the note tells of, in its order.
    static func groups(of note: OperatorNote) -> [AlertmanagerPayload] {
        var names: [String] = []
        for alert in note.alerts where !names.contains(alert.name) { names.append(alert.name) }
        return names.map { name in
            AlertmanagerPayload(note.alerts.filter { $0.name == name }, link: note.link ?? "")
        }
    }

    private init(_ notices: [AlertNotice], link: String) {
        status = notices.contains { $0.endedAt == nil } ? "firing" : "resolved"
        externalURL = link
        alerts = notices.map { Alert($0, link: link) }
        commonLabels = Self.common(alerts.map(\.labels))
        commonAnnotations = Self.common(alerts.map(\.annotations))
        groupLabels = commonLabels.filter { ["alertname", "service", "instance", "test"].contains($0.key) }
        let labels = groupLabels.map { "\($0.key)=\"\($0.value)\"" }.sorted().joined(separator: ", ")
        groupKey = "{}:{\(labels)}"
    }

    /// What all have and have the same.
    private static func common(_ all: [[String: String]]) -> [String: String] {
        guard let first = all.first else { return [:] }
        return first.filter { key, value in all.allSatisfy { $0[key] == value } }
    }
}

extension AlertmanagerPayload.Alert {
    init(_ notice: AlertNotice, link: String) {
        labels = notice.labels.merging(
            ["alertname": notice.name, "severity": notice.severity, "service": "signalbox"]
        ) { $1 }
        status = notice.endedAt == nil ? "firing" : "resolved"
        annotations = [
            "summary": notice.summary, "description": notice.description, "runbook_url": notice.runbook,
        ]
        startsAt = Self.time(notice.startedAt)
        endsAt = notice.endedAt.map(Self.time) ?? "0001-01-01T00:00:00Z"
        generatorURL = link
        fingerprint = notice.fingerprint
    }

    /// RFC 3339 with milliseconds; a date made of a fraction of a second would be rounded down.
    private static func time(_ milliseconds: Int64) -> String {
        let second = Date(timeIntervalSince1970: Double(milliseconds / 1_000)).formatted(.iso8601)
        let rest = String(milliseconds % 1_000 + 1_000).dropFirst()
        return "\(second.dropLast()).\(rest)Z"
    }
}
