import Foundation
import Notify
import SignalboxMetrics
import Web

/// Notes about alerts in words. All of them are ours: nothing that anybody sent gets into a note.
struct AlertWords: Sendable {
    /// PUBLIC_BASE_URL; nil when it isn't set.
    private let base: String?
    /// STATS_TZ.
    private let timeZone: TimeZone

    init(base: String?, timeZone: TimeZone) {
        self.base = base.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        self.timeZone = timeZone
    }

    /// Alerts that one note names; of further ones it tells the number.
    private static let most = 12

    /// - Parameters:
    ///   - reports: firing ones and resolved ones.
    ///   - others: those of the same names that fire and were told of before; only programs are told of them again.
    ///   - now: Unix ms.
    func note(
        of reports: [AlertReport], beside others: [AlertReport] = [], number: Int, now: Int64,
        isTest: Bool = false
    ) -> OperatorNote {
        let firing = reports.filter { $0.state.phase != .resolved }
        let resolved = reports.count - firing.count
        var fields = reports.prefix(Self.most).map { OperatorNote.Field(label($0), text($0), limit: 600) }
        if reports.count > Self.most {
            fields.append(
                .init("More", "\(reports.count - Self.most) further alerts; the dashboard has them."))
        }
        if let base { fields.append(.init("Dashboard", "\(base)/admin/stats")) }
        return OperatorNote(
            lead: lead(firing), title: (isTest ? "Test: " : "") + title(firing, resolved: resolved, reports),
            fields: fields, urgency: urgency(firing), link: base.map { "\($0)/admin/stats" },
            alerts: (reports + others).map { notice($0, isTest: isTest) }, number: number)
    }

    private func title(_ firing: [AlertReport], resolved: Int, _ all: [AlertReport]) -> String {
        if all.count == 1, let only = all.first {
            return "\(firing.isEmpty ? "Resolved" : "Firing"): \(summary(only))"
        }
        let parts = [(firing.count, "firing"), (resolved, "resolved")].filter { $0.0 > 0 }
        return "Signalbox alerts: " + parts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }

    private func lead(_ firing: [AlertReport]) -> String {
        if firing.isEmpty { return "🟢" }
        if firing.contains(where: { $0.rule.severity == .critical }) { return "🔴" }
        return firing.contains { $0.rule.severity == .warning } ? "🟠" : "🔵"
    }

    private func urgency(_ firing: [AlertReport]) -> OperatorNote.Urgency {
        if firing.contains(where: { $0.rule.severity == .critical }) { return .high }
        return firing.contains { $0.rule.severity == .warning } ? .normal : .low
    }

    private func label(_ report: AlertReport) -> String {
        report.state.phase == .resolved ? "Resolved" : report.rule.severity.rawValue.capitalized
    }

    private func summary(_ report: AlertReport) -> String {
        report.rule.summary + (report.key.reason.map { " (\($0.text))" } ?? "")
    }

    private func text(_ report: AlertReport) -> String {
        let state = report.state
        let time =
            state.phase == .resolved
            ? "From \(clock(state.since)) to \(clock(state.resolvedAt))." : "Since \(clock(state.since))."
        return
            "\(summary(report)). \(report.rule.description) \(time) What to do: \(runbook(report.key.name))"
    }

    /// A time with its zone, so that a phone elsewhere reads it right.
    private func clock(_ milliseconds: Int64) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = timeZone
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute],
            from: Date(timeIntervalSince1970: Double(milliseconds) / 1_000))
        func two(_ number: Int?) -> String { (number ?? 0) < 10 ? "0\(number ?? 0)" : "\(number ?? 0)" }
        let zone = timeZone == .gmt ? "UTC" : timeZone.identifier
        return
            "\(parts.year ?? 0)-\(two(parts.month))-\(two(parts.day)) \(two(parts.hour)):\(two(parts.minute)) \(zone)"
    }

    /// Pages come with the source, not with the server.
    private func runbook(_ name: AlertName) -> String { "docs/runbooks/\(name.text).md" }

    private func notice(_ report: AlertReport, isTest: Bool) -> AlertNotice {
        var labels = report.key.reason.map { [LimitReason.key: $0.text] } ?? [:]
        if isTest { labels["test"] = "true" }
        // Tells several servers that post to one address apart.
        if let base { labels["instance"] = base }
        let state = report.state
        let identity = "\(base ?? "") \(report.key.name.text) \(report.key.reason?.text ?? "") \(isTest)"
        let digits = fingerprint(of: identity.utf8)
        return AlertNotice(
            name: report.key.name.text, severity: report.rule.severity.rawValue,
            summary: (isTest ? "Test: " : "") + summary(report), description: report.rule.description,
            runbook: runbook(report.key.name), labels: labels,
            fingerprint: String(repeating: "0", count: 16 - digits.count) + digits, startedAt: state.since,
            endedAt: state.phase == .resolved ? state.resolvedAt : nil)
    }
}
