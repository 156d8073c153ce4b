import Foundation
import NIOHTTP1
public import SQLite
public import SignalboxMetrics
public import Web

/// Who may see the dashboard. Fails closed: what isn't admitted here isn't shown.
///
/// Doors: a bearer token, a session that was opened with it, and the operator's own tailnet. A scrape token opens
/// the exposition alone.
public struct Gate: Sendable {
    /// What is asked for.
    enum Surface {
        case exposition, api, page
    }

    enum Verdict {
        case admitted(Door)
        case refused(FrontResponse)
    }

    /// How somebody came in.
    enum Door: Equatable {
        case bearer, scrapeToken, tailnet, serve
        /// With what the store knows the session by.
        case session(Sessions.Ticket)
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
    let keys: Keys
    let sessions: Sessions?
    let links: LoginLinks
    private let tailnet: TailnetDoor
    private let hosts: AllowedHosts
    private let isPublicHTTPS: Bool
    let pages: GatePages
    let meter: Meter
    /// Ten wrong tries at once, then one each half minute.
    let attempts = TokenBuckets<IPAddress>(capacity: 10, refillPerSecond: 1.0 / 30)

    /// - Parameter isPublicHTTPS: PUBLIC_BASE_URL begins with https, so cookies are always Secure.
    public init(
        keys: Keys, tailnet: TailnetDoor, database: Database, links: LoginLinks, hosts: AllowedHosts,
        isPublicHTTPS: Bool, meter: Meter, templates: Templates, clock: @escaping @Sendable () -> Int64
    ) throws {
        self.keys = keys
        self.tailnet = tailnet
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
        let presented = bearer(request) ?? request.query["token"]
        if let presented {
            guard attempts.has(request.client.limitKey) else {
                return .refused(try limited(request, surface))
            }
            // A scraper with its own token is served even where the token doors are off.
            if keys.scrapeToken?.matches(presented) == true {
                if surface == .exposition { return admitted(.scrapeToken, as: .scrapeToken) }
                meter.add(.admissions(.scrapeTokenElsewhere))
                return .refused(try pages.scrapeTokenElsewhere(surface))
            }
            if let sessions, keys.token?.matches(presented) == true {
                // A page's address with a token in it is exchanged for a session and a clean address.
                guard surface == .page, bearer(request) == nil else { return admitted(.bearer, as: .bearer) }
                return .refused(try await enter(request, sessions))
            }
            // Whoever brings a token is judged by it, or the tailnet could guess without end.
            if sessions != nil {
                failed(request)
                return .refused(try pages.unauthorised(surface, wrongToken: true, cleanTarget(request)))
            }
        }
        if let verdict = try await checkTailnet(request, surface) { return verdict }
        guard let sessions else {
            meter.add(.overCapacity(.metricsDisabled))
            return .refused(try pages.disabled(surface))
        }
        if let ticket = try await ticket(request, sessions) {
            guard await isOurName(request) else {
                meter.add(.admissions(.foreignHost))
                return .refused(try pages.foreignHost(surface))
            }
            return admitted(.session(ticket), as: .session)
        }
        if ForwardingHeaders.isFunnel(request.head.headers) {
            meter.add(.admissions(.funnel))
            return .refused(try pages.funnel(surface))
        }
        return .refused(try pages.unauthorised(surface, wrongToken: false, cleanTarget(request)))
    }

    /// nil where the other doors decide.
    private func checkTailnet(_ request: FrontRequest, _ surface: Surface) async throws -> Verdict? {
        switch await tailnet.verdict(request) {
        case .admitted(let serve):
            guard await isOurName(request) else {
                meter.add(.admissions(.foreignHost))
                return .refused(try pages.foreignHost(surface))
            }
            // A token that nobody needed still leaves the address.
            if surface == .page, request.query["token"] != nil {
                return .refused(pages.elsewhere(cleanTarget(request)))
            }
            return serve ? admitted(.serve, as: .serve) : admitted(.tailnet, as: .tailnet)
        case .unconfirmed:
            meter.add(.admissions(.tailnetRefused))
            return nil
        case .notFromTailnet:
            if ForwardingHeaders.hasTailnet(in: request.head.headers),
                !ForwardingHeaders.isFunnel(request.head.headers)
            {
                meter.add(.admissions(.tailnetHeaderIgnored))
            }
            return nil
        }
    }

    private func isOurName(_ request: FrontRequest) async -> Bool {
        let header = request.header("host")
        return if hosts.contains(header) { true } else { await tailnet.ownsName(header) }
    }

    private func admitted(_ door: Door, as label: Admission) -> Verdict {
        meter.add(.admissions(label))
        return .admitted(door)
    }

    func limited(_ request: FrontRequest, _ surface: Surface) throws -> FrontResponse {
        meter.limited(.loginAttempts, by: request.client.limitKey.hashValue)
        meter.add(.admissions(.limited))
        return try pages.tooManyAttempts(surface)
    }

    func failed(_ request: FrontRequest) {
        _ = attempts.take(request.client.limitKey)
        meter.add(.admissions(.refused))
    }

    // MARK: Parts of a request

    private func bearer(_ request: FrontRequest) -> String? {
        guard let value = request.header("authorization"), value.prefix(7).lowercased() == "bearer " else {
            return nil
        }
        return String(value.dropFirst(7))
    }

    /// The session ids that came along. A neighbour's site may have set one of the same name before ours.
    func cookies(_ request: FrontRequest) -> [String] {
        var ids: [String] = []
        for header in request.head.headers["cookie"] {
            for pair in header.split(separator: ";") where ids.count < Self.cookiesMax {
                let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0] == Self.cookieName { ids.append(String(parts[1])) }
            }
        }
        return ids
    }
    private static let cookiesMax = 4

    /// The open session of the request; nil when there is none.
    private func ticket(_ request: FrontRequest, _ sessions: Sessions) async throws -> Sessions.Ticket? {
        for id in cookies(request) {
            if let ticket = try await sessions.ticket(of: id) { return ticket }
        }
        return nil
    }

    /// To the dashboard, with a session where there is none yet. HEAD only looks.
    private func enter(_ request: FrontRequest, _ sessions: Sessions) async throws -> FrontResponse {
        let target = cleanTarget(request)
        if request.method == .head { return pages.elsewhere(target) }
        if try await ticket(request, sessions) != nil { return pages.elsewhere(target) }
        meter.add(.admissions(.login))
        return redirect(to: target, session: try await sessions.open(), request)
    }

    func redirect(to target: String, session id: String, _ request: FrontRequest) -> FrontResponse {
        let secure = isPublicHTTPS || request.isSecure ? "; Secure" : ""
        let cookie =
            "\(Self.cookieName)=\(id); Path=/; HttpOnly; SameSite=Lax; Max-Age=\(Sessions.lifetimeSeconds)\(secure)"
        var response = pages.elsewhere(target)
        response.headers.append(("Set-Cookie", cookie))
        return response
    }

    /// The dashboard's address with the choices a link may carry, and never a token.
    func cleanTarget(_ request: FrontRequest) -> String { StatsChoice(request.query).address }
}
