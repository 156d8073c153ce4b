import Foundation
import NIOHTTP1
public import SQLite
public import SignalboxMetrics
public import Web

/// Who may see the dashboard. Fails closed: what isn't admitted here isn't shown.
///
/// Doors: a bearer token, and a session that was opened with it. A scrape token opens the exposition alone.
public struct Gate: Sendable {
    /// What is asked for.
    enum Surface {
        case exposition, api, page
    }

    enum Verdict {
        case admitted
        case refused(FrontResponse)
    }

    /// What the gate is set up with.
    public struct Keys: Sendable {
        /// METRICS_TOKEN; without it the token doors answer 503.
        public let token: Secret?
        /// METRICS_SCRAPE_TOKEN.
        public let scrapeToken: Secret?

        public init(token: Secret?, scrapeToken: Secret?) {
            self.token = token
            self.scrapeToken = scrapeToken
        }
    }

    static let cookieName = "signalbox_session"
    private let keys: Keys
    private let sessions: Sessions?
    private let links: LoginLinks
    private let hosts: AllowedHosts
    private let isPublicHTTPS: Bool
    private let pages: GatePages
    let meter: Meter
    /// Ten wrong tries at once, then one each half minute.
    private let attempts = TokenBuckets<IPAddress>(capacity: 10, refillPerSecond: 1.0 / 30)

    /// - Parameter isPublicHTTPS: PUBLIC_BASE_URL begins with https, so cookies are always Secure.
    public init(
        keys: Keys, database: Database, links: LoginLinks, hosts: AllowedHosts, isPublicHTTPS: Bool,
        meter: Meter,
        templates: Templates, clock: @escaping @Sendable () -> Int64
    ) throws {
        self.keys = keys
        self.links = links
        self.hosts = hosts
        self.isPublicHTTPS = isPublicHTTPS
        self.meter = meter
        pages = GatePages(templates: templates)
        sessions = try keys.token.map { try Sessions(database: database, token: $0, clock: clock) }
    }

    /// Makes the gate's tables in the store; throws when they can't be read.
    public static func prepare(_ database: Database) throws { try Sessions.prepare(database) }

    /// Decides on a request for a surface of the dashboard.
    func check(_ request: FrontRequest, _ surface: Surface) async throws -> Verdict {
        guard let token = keys.token, let sessions else {
            // A scraper with its own token is served even then.
            if surface == .exposition, let presented = bearer(request),
                keys.scrapeToken?.matches(presented) == true
            {
                return .admitted
            }
            meter.add(.overCapacity(.metricsDisabled))
            return .refused(try pages.disabled(surface))
        }
        // As the original reads it: a bearer header wins, otherwise the query.
        if let presented = bearer(request) ?? request.query["token"] {
            guard attempts.has(request.client.limitKey) else { return .refused(try limited(surface)) }
            if token.matches(presented) {
                // A page's address with a token in it is exchanged for a session and a clean address.
                guard surface == .page, bearer(request) == nil else { return .admitted }
                meter.add(.admissions(.login))
                return .refused(
                    redirect(to: cleanTarget(request), session: try await sessions.open(), request))
            }
            if keys.scrapeToken?.matches(presented) == true {
                if surface == .exposition { return .admitted }
                meter.add(.admissions(.scrapeTokenElsewhere))
                return .refused(try pages.scrapeTokenElsewhere(surface))
            }
            failed(request)
            return .refused(try pages.unauthorised(surface, wrongToken: true))
        }
        if let id = cookie(request), try await sessions.isOpen(id) {
            guard hosts.contains(request.header("host")) else {
                return .refused(try pages.foreignHost(surface))
            }
            return .admitted
        }
        return .refused(try pages.unauthorised(surface, wrongToken: false))
    }

    private func limited(_ surface: Surface) throws -> FrontResponse {
        meter.add(.limited(.loginAttempts))
        meter.add(.admissions(.limited))
        return try pages.tooManyAttempts(surface)
    }

    private func failed(_ request: FrontRequest) {
        _ = attempts.take(request.client.limitKey)
        meter.add(.admissions(.refused))
    }

    // MARK: Logging in and out

    /// `GET /admin/login`: the form, or a one-time code's way in.
    func loginPage(_ request: FrontRequest) async throws -> FrontResponse {
        guard let sessions else { return try pages.disabled(.page) }
        guard let code = request.query["code"] else { return try pages.form(error: nil, status: .ok) }
        guard attempts.has(request.client.limitKey) else { return try limited(.page) }
        guard links.redeem(code) else {
            failed(request)
            return try pages.form(
                error: "This login link was used already or is too old.", status: .unauthorized)
        }
        meter.add(.admissions(.loginLink))
        return redirect(to: "/admin/stats", session: try await sessions.open(), request)
    }

    /// `POST /admin/login`: takes the token from the form and opens a session.
    func logIn(_ request: FrontRequest) async throws -> FrontResponse {
        guard let token = keys.token, let sessions else { return try pages.disabled(.page) }
        if let refusal = try foreignOrigin(request) { return refusal }
        guard attempts.has(request.client.limitKey) else { return try limited(.page) }
        let presented = FormBody(request.body)["token"] ?? ""
        guard token.matches(presented) else {
            failed(request)
            return try pages.form(error: "That is not the token.", status: .unauthorized)
        }
        meter.add(.admissions(.login))
        return redirect(to: "/admin/stats", session: try await sessions.open(), request)
    }

    /// `POST /admin/logout`: ends the session.
    func logOut(_ request: FrontRequest) async throws -> FrontResponse {
        if let refusal = try foreignOrigin(request) { return refusal }
        if let id = cookie(request) { try await sessions?.close(id) }
        meter.add(.admissions(.logout))
        return FrontResponse(
            status: .seeOther,
            headers: [
                ("Location", "/admin/login"), ("Cache-Control", "no-store"),
                ("Set-Cookie", "\(Self.cookieName)=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"),
            ])
    }

    /// A form may only come from our own pages. Where a browser says itself whether it does (Fetch Metadata,
    /// which no page can forge), its word counts; the Origin header otherwise.
    private func foreignOrigin(_ request: FrontRequest) throws -> FrontResponse? {
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

    // MARK: Parts of a request

    private func bearer(_ request: FrontRequest) -> String? {
        guard let value = request.header("authorization"), value.hasPrefix("Bearer ") else { return nil }
        return String(value.dropFirst(7))
    }

    private func cookie(_ request: FrontRequest) -> String? {
        for header in request.head.headers["cookie"] {
            for pair in header.split(separator: ";") {
                let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0] == Self.cookieName { return String(parts[1]) }
            }
        }
        return nil
    }

    private func redirect(to target: String, session id: String, _ request: FrontRequest) -> FrontResponse {
        let secure = isPublicHTTPS || request.isSecure ? "; Secure" : ""
        let cookie =
            "\(Self.cookieName)=\(id); Path=/; HttpOnly; SameSite=Lax; Max-Age=\(Sessions.lifetimeSeconds)\(secure)"
        return FrontResponse(
            status: .seeOther,
            headers: [("Location", target), ("Cache-Control", "no-store"), ("Set-Cookie", cookie)])
    }

    /// The dashboard's address with the choices a link may carry, and never a token.
    func cleanTarget(_ request: FrontRequest) -> String {
        let range = request.query["range"].flatMap(SeriesRange.init(rawValue:)).map { "range=\($0.rawValue)" }
        let metric = request.query["metric"].flatMap(ChartMetric.init(rawValue:)).map {
            "metric=\($0.rawValue)"
        }
        let choices = [range, metric].compactMap { $0 }
        return "/admin/stats" + (choices.isEmpty ? "" : "?" + choices.joined(separator: "&"))
    }
}
