import Foundation
import Web

/// Logging in and out.
extension Gate {
    /// `GET /admin/login`: the form, or a one-time code's way in.
    func loginPage(_ request: FrontRequest) async throws -> FrontResponse {
        guard let sessions else { return try disabled() }
        guard let code = request.query["code"], request.method == .get else {
            return try pages.form(error: nil, status: .ok, target: cleanTarget(request))
        }
        guard attempts.has(request.client.limitKey) else { return try limited(request, .page) }
        guard links.redeem(code) else {
            failed(request)
            return try pages.form(
                error: "This login link was used already or is too old.", status: .unauthorized,
                target: cleanTarget(request))
        }
        meter.add(.admissions(.loginLink))
        return redirect(to: "/admin/stats", session: try await sessions.open(), request)
    }

    /// `POST /admin/login`: takes the token from the form and opens a session.
    func logIn(_ request: FrontRequest) async throws -> FrontResponse {
        guard let token = keys.token, let sessions else { return try disabled() }
        if let refusal = try foreignOrigin(request) { return refusal }
        guard attempts.has(request.client.limitKey) else { return try limited(request, .page) }
        let presented = FormBody(request.body)["token"] ?? ""
        guard token.matches(presented) else {
            failed(request)
            return try pages.form(
                error: "That is not the token.", status: .unauthorized, target: cleanTarget(request))
        }
        meter.add(.admissions(.login))
        return redirect(to: cleanTarget(request), session: try await sessions.open(), request)
    }

    private func disabled() throws -> FrontResponse {
        meter.add(.overCapacity(.metricsDisabled))
        return try pages.disabled(.page)
    }

    /// `POST /admin/logout`: ends the session, and with it the streams that it opened.
    func logOut(_ request: FrontRequest) async throws -> FrontResponse {
        if let refusal = try foreignOrigin(request) { return refusal }
        for id in cookies(request) { try await sessions?.close(id) }
        if !cookies(request).isEmpty { meter.add(.admissions(.logout)) }
        var response = pages.elsewhere("/admin/login")
        response.headers.append(
            ("Set-Cookie", "\(Self.cookieName)=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"))
        return response
    }

    /// A form may only come from our own pages. Where a browser says itself whether it does (Fetch Metadata,
    /// which no page can forge), its word counts; the Origin header otherwise.
    func foreignOrigin(_ request: FrontRequest) throws -> FrontResponse? {
        let site = request.header("sec-fetch-site")?.lowercased()
        if site == "same-origin" { return nil }
        guard let origin = request.header("origin") else {
            guard site == nil || site == "none" else {
                meter.add(.admissions(.foreignOrigin))
                return try pages.foreignOrigin()
            }
            return nil
        }
        let from = origin.range(of: "://").map { String(origin[$0.upperBound...]).lowercased() }
        guard from != request.header("host")?.lowercased() else { return nil }
        meter.add(.admissions(.foreignOrigin))
        return try pages.foreignOrigin()
    }
}
