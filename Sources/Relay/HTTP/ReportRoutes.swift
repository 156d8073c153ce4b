import HTTPTypes
import SignalboxMetrics
import Web

/// `POST /api/report` and `/api/contact`: what people and agents have to say to the operator.
struct ReportRoutes: Sendable {
    let relay: RelayState
    let desk: ReportDesk

    /// Adds the routes to the cold router.
    func add(to router: ColdRouter) {
        router.on(.report, method: .post) { context in
            await take(context.front, .report) {
                try Submission.report($0, context.front, key: desk.senderKey)
            }
        }
        router.on(.contact, method: .post) { context in
            await take(context.front, .contact) {
                try Submission.contact($0, context.front, key: desk.senderKey)
            }
        }
    }

    private func take(
        _ request: FrontRequest, _ scope: RateLimits.Scope, _ read: (JSONValue) throws -> Submission
    ) async -> FrontResponse {
        let body: JSONValue
        do { body = try request.jsonBody() } catch { return Refused.malformed(error) }
        if let reason = relay.rates.reached(scope, by: request.client) {
            return Refused.rate(reason, retryAfter: 10)
        }
        let submission: Submission
        do { submission = try read(body) } catch {
            let fault = error as? Submission.Fault
            return Refused.bad(fault?.error ?? "bad submission", fault?.reason ?? "bad_submission")
        }
        guard await desk.take(submission, at: relay.clock.now()) else {
            relay.meter.add(.overCapacity(.storeUnavailable))
            return Refused.storeUnavailable
        }
        return .json(
            JSONWriter.object {
                $0.field("ok", true)
                $0.field("id", submission.id)
            })
    }
}
