import Foundation
import NIOPosix
import Testing
@testable import Notify

@Suite("ntfy")
struct NtfyChannelTests {
    private let http = OutgoingHTTP(group: MultiThreadedEventLoopGroup.singleton)

    @Test("a note is published to its topic, as loudly as it is urgent")
    func published() async throws {
        try await StandIn.run { _, _ in
            .reply(200)
        } _: { server in
            let ntfy = try NtfyChannel(address: server.base + "/ops-topic", token: "tk_secret", over: http)
            try await ntfy.deliver(
                OperatorNote(
                    lead: "🔴", title: "Firing: Many requests fail", fields: [.init("Critical", "now")],
                    urgency: .high, link: "https://relay.example.org/admin/stats"))
            let request = try #require(server.requests.first)
            #expect(request.path == "/")
            #expect(request.headers["Authorization"] == ["Bearer tk_secret"])
            let body = try #require(
                JSONSerialization.jsonObject(with: request.body) as? [String: Any])
            #expect(body["topic"] as? String == "ops-topic")
            #expect(body["title"] as? String == "🔴 Firing: Many requests fail")
            #expect(body["message"] as? String == "Critical: now")
            #expect(body["priority"] as? Int == 5)
            #expect(body["click"] as? String == "https://relay.example.org/admin/stats")
        }
        await http.shutdown()
    }

    @Test("a message stays a message, however long the note is")
    func long() {
        let fields = (0..<16).map { OperatorNote.Field("Field \($0)", String(repeating: "ä", count: 1_000)) }
        #expect(NtfyChannel.text(of: OperatorNote(title: "T", fields: fields)).utf8.count <= 4_096)
    }

    @Test(
        "what is no topic's address is refused",
        arguments: [
            "", "ntfy.sh/topic", "https://ntfy.sh", "https://ntfy.sh/", "https://ntfy.sh/a b", "ftp://h/t",
        ])
    func refused(address: String) {
        #expect(throws: ChannelSettingsError.ntfyAddress) {
            try NtfyChannel(address: address, token: nil, over: http)
        }
        #expect(throws: ChannelSettingsError.ntfyToken) {
            try NtfyChannel(address: "https://ntfy.sh/t", token: "a\r\nb", over: http)
        }
    }
}

@Suite("A webhook")
struct WebhookChannelTests {
    private let http = OutgoingHTTP(group: MultiThreadedEventLoopGroup.singleton)

    private func notice(_ reason: String, endedAt: Int64?) -> AlertNotice {
        AlertNotice(
            name: "SignalboxLimitTooTight", severity: "warning", summary: "s", description: "d", runbook: "r",
            labels: ["reason": reason, "instance": "https://relay.example"], fingerprint: "00c0ffee00c0ffee",
            startedAt: 1_781_526_870_123, endedAt: endedAt)
    }

    @Test("gets what Alertmanager would post, and no reports")
    func payload() async throws {
        try await StandIn.run { _, _ in
            .reply(200)
        } _: { server in
            let webhook = try WebhookChannel(address: server.base + "/hook", over: http)
            try await webhook.deliver(OperatorNote(title: "A report", fields: []))
            #expect(server.requests.isEmpty)
            try await webhook.deliver(
                OperatorNote(
                    title: "T", fields: [],
                    alerts: [
                        notice("room_rate", endedAt: nil), notice("dm_rate", endedAt: 1_781_526_930_000),
                    ]))
            let request = try #require(server.requests.first)
            let body = try #require(
                JSONSerialization.jsonObject(with: request.body) as? [String: Any])
            #expect(body["version"] as? String == "4")
            #expect(body["status"] as? String == "firing")
            let alerts = try #require(body["alerts"] as? [[String: Any]])
            #expect(alerts.map { $0["status"] as? String } == ["firing", "resolved"])
            #expect(
                alerts.map { $0["endsAt"] as? String } == [
                    "0001-01-01T00:00:00Z", "2026-06-15T12:35:30.000Z",
                ])
            #expect(alerts[0]["startsAt"] as? String == "2026-06-15T12:34:30.123Z")
            #expect(
                alerts[0]["labels"] as? [String: String] == [
                    "alertname": "SignalboxLimitTooTight", "severity": "warning", "service": "signalbox",
                    "reason": "room_rate", "instance": "https://relay.example",
                ])
            #expect(alerts[0]["fingerprint"] as? String == "00c0ffee00c0ffee")
        }
        await http.shutdown()
    }

    private struct Group: Decodable, Equatable {
        var groupKey: String
        var status: String
        var groupLabels: [String: String]
        var commonLabels: [String: String]
        var commonAnnotations: [String: String]
    }

    private func groups(_ notices: AlertNotice...) throws -> [Group] {
        try AlertmanagerPayload.groups(of: OperatorNote(title: "T", fields: [], alerts: notices)).map {
            try JSONDecoder().decode(Group.self, from: JSONEncoder().encode($0))
        }
    }

    @Test("is a group for each alert, which is resolved when no limit of it is met any more")
    func groups() throws {
        let ended: Int64 = 1_781_526_930_000
        let labels = [
            "service": "signalbox", "instance": "https://relay.example",
            "alertname": "SignalboxLimitTooTight",
        ]
        let common = labels.merging(["severity": "warning"]) { $1 }
        let annotations = ["summary": "s", "description": "d", "runbook_url": "r"]
        let key =
            #"{}:{alertname="SignalboxLimitTooTight", instance="https://relay.example", service="signalbox"}"#
        #expect(
            try groups(notice("room_rate", endedAt: nil), notice("dm_rate", endedAt: ended)) == [
                Group(
                    groupKey: key, status: "firing", groupLabels: labels, commonLabels: common,
                    commonAnnotations: annotations)
            ])
        #expect(
            try groups(notice("dm_rate", endedAt: ended)) == [
                Group(
                    groupKey: key, status: "resolved", groupLabels: labels,
                    commonLabels: common.merging(["reason": "dm_rate"]) { $1 },
                    commonAnnotations: annotations)
            ])
        // Another alert that fires keeps nothing open.
        let down = AlertNotice(
            name: "SignalboxDown", severity: "critical", summary: "s", description: "d", runbook: "r",
            labels: [:], fingerprint: "00c0ffee00c0ffed", startedAt: ended, endedAt: nil)
        let both = try groups(notice("dm_rate", endedAt: ended), down)
        #expect(both.map(\.status) == ["resolved", "firing"])
        #expect(both.map(\.groupKey) == [key, #"{}:{alertname="SignalboxDown", service="signalbox"}"#])
    }
}
