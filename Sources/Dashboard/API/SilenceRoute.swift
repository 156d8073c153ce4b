import NIOCore
import SignalboxMetrics
import Web

/// `POST /admin/alerts`: silences an alert for a while, or ends its silence. The form is on the dashboard.
struct SilenceRoute: Sendable {
    let gate: Gate
    let evaluator: AlertEvaluator
    /// Unix ms.
    let clock: @Sendable () -> Int64

    /// What the form offers, in hours.
    static let hours: [Int64] = [1, 2, 8, 24, 168]

    func respond(to request: FrontRequest) async throws -> FrontResponse {
        if case .refused(let response) = try await gate.check(request, .page) { return response }
        if let refusal = try gate.foreignOrigin(request) { return refusal }
        let form = FormBody(request.body)
        let (asked, duration) = (form["alert"] ?? "", form["for"] ?? "")
        let name = AlertName(text: asked)
        guard asked == "all" || name.map(AlertName.inside.contains) == true else {
            return try gate.pages.badForm("There is no such alert.", "unknown_alert")
        }
        let now = clock()
        var until: Int64?
        if duration != "end" {
            guard let hours = Int64(duration), Self.hours.contains(hours) else {
                return try gate.pages.badForm("A silence lasts 1, 2, 8, 24 or 168 hours.", "bad_duration")
            }
            until = now + hours * 3_600_000
        }
        try await evaluator.book.silence(name, until: until, now: now)
        try await evaluator.readSilences(now: now)
        return gate.pages.elsewhere("/admin/stats#alert-rules")
    }
}
