import NIOCore
import NIOHTTP1
import Web

/// What those are told whom the gate doesn't let in: JSON on API routes, a page for people.
struct GatePages: Sendable {
    let templates: Templates

    /// - Parameter target: the dashboard's address that the login leads to.
    func form(error: String?, status: HTTPResponseStatus, target: String) throws -> FrontResponse {
        let choice = target.drop { $0 != "?" }
        return try .page(
            LoginPage(templates: templates).render(error: error, hint: nil, choice: String(choice)),
            status: status)
    }

    func unauthorised(
        _ surface: Gate.Surface, wrongToken: Bool, _ target: String
    ) throws -> FrontResponse {
        if surface == .page {
            return try form(
                error: wrongToken ? "That is not the token." : nil, status: .unauthorized, target: target)
        }
        return .refusal(
            .unauthorized, ErrorBody("unauthorised", reason: wrongToken ? "wrong_token" : "no_token"),
            headers: [("WWW-Authenticate", "Bearer"), ("Cache-Control", "no-store")])
    }

    func disabled(_ surface: Gate.Surface) throws -> FrontResponse {
        try refusal(
            surface, .serviceUnavailable, "metrics disabled (no METRICS_TOKEN configured)",
            "metrics_disabled",
            "The dashboard is switched off: set METRICS_TOKEN and restart the server.")
    }

    func tooManyAttempts(_ surface: Gate.Surface) throws -> FrontResponse {
        var response = try refusal(
            surface, .tooManyRequests, "too many failed attempts", "login_attempts",
            "Too many wrong tokens came from your address. Wait half a minute and try again.")
        response.headers.append(("Retry-After", "30"))
        return response
    }

    func scrapeTokenElsewhere(_ surface: Gate.Surface) throws -> FrontResponse {
        try refusal(
            surface, .forbidden, "forbidden", "scrape_token",
            "The scrape token opens the exposition alone; use the metrics token here.")
    }

    func foreignHost(_ surface: Gate.Surface) throws -> FrontResponse {
        try refusal(
            surface, .forbidden, "forbidden", "host_not_allowed",
            "The address you used names a host that isn't one of the server's; set PUBLIC_BASE_URL or PUBLIC_HOSTS."
        )
    }

    func funnel(_ surface: Gate.Surface) throws -> FrontResponse {
        try refusal(
            surface, .forbidden, "forbidden", "funnel",
            "Tailscale Funnel brings the public internet here; log in at /admin/login, or use a token.")
    }

    /// To another address, which the browser asks for with GET.
    func elsewhere(_ target: String) -> FrontResponse {
        FrontResponse(status: .seeOther, headers: [("Location", target), ("Cache-Control", "no-store")])
    }

    func foreignOrigin() throws -> FrontResponse {
        try refusal(.page, .forbidden, "forbidden", "foreign_origin", "The form came from another site.")
    }

    func badForm(_ detail: String, _ reason: String) throws -> FrontResponse {
        try refusal(.page, .badRequest, "bad request", reason, detail)
    }

    private func refusal(
        _ surface: Gate.Surface, _ status: HTTPResponseStatus, _ error: String, _ reason: String,
        _ detail: String
    ) throws -> FrontResponse {
        guard surface == .page else {
            return .refusal(
                status, ErrorBody(error, reason: reason, detail: detail),
                headers: [("Cache-Control", "no-store")])
        }
        let page = try NoticePage(templates: templates).render(title: status.reasonPhrase, body: detail)
        return .page(page, status: status)
    }
}

/// A posted form, application/x-www-form-urlencoded.
struct FormBody {
    private let fields: Query

    init(_ body: ByteBuffer) { fields = Query(form: String(buffer: body)) }

    subscript(name: String) -> String? { fields[name] }
}
