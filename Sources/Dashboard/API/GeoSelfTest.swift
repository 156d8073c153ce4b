import NIOCore
public import SignalboxMetrics
public import Web

/// What the server knows about how it finds countries, as far as it can tell by itself.
public struct GeoFacts: Hashable, Sendable {
    /// The country database.
    public struct Database: Hashable, Sendable {
        /// What its maker calls it; nil when it isn't loaded.
        public var type: String?
        /// Unix s.
        public var builtAt: Int64?
        /// 4 or 6.
        public var ipVersion: Int?
        public var nodes: Int?
        /// Why the file that lies there now isn't used.
        public var problem: String?

        public init(
            type: String? = nil, builtAt: Int64? = nil, ipVersion: Int? = nil, nodes: Int? = nil,
            problem: String? = nil
        ) {
            self.type = type
            self.builtAt = builtAt
            self.ipVersion = ipVersion
            self.nodes = nodes
            self.problem = problem
        }
    }

    public var source: CountryResolver.Source
    /// nil when GEOIP_DB isn't set.
    public var database: Database?
    /// TRUST_CLOUDFLARE.
    public var trustsCloudflare: Bool

    public init(source: CountryResolver.Source, database: Database?, trustsCloudflare: Bool) {
        self.source = source
        self.database = database
        self.trustsCloudflare = trustsCloudflare
    }
}

/// The geo self-test: where countries come from, how well that works, and what to do about it.
public struct GeoSelfTest: Sendable {
    public let facts: GeoFacts
    /// Visits whose CF-IPCountry didn't count, since first boot.
    public let headersIgnored: UInt64
    /// Visits of the last seven days, those from this machine and the tailnet left out.
    public let visits: Int64
    /// Those of them whose country nobody knew.
    public let unknown: Int64
    /// Unix ms.
    public let now: Int64

    /// Older databases miss what has moved since: MaxMind and DB-IP bring out a new one each month or sooner.
    static let oldAfterDays: Int64 = 30
    /// Above this share something is wrong with the set-up rather than with the visitors.
    static let unknownShareMax = 0.8

    /// - Parameter week: visits of the last seven days.
    public init(_ facts: GeoFacts, week: GeoAnswer, headersIgnored: UInt64, now: Int64) {
        self.facts = facts
        self.headersIgnored = headersIgnored
        self.now = now
        func extra(_ code: String) -> Int64 { week.extras.first { $0.code == code }?.count ?? 0 }
        visits = week.totalVisits &- extra("LOCAL")
        unknown = extra("XX")
    }

    /// nil without visits.
    public var unknownShare: Double? { visits > 0 ? Double(unknown) / Double(visits) : nil }

    /// Whole days since the database was built.
    public var databaseAgeDays: Int64? {
        facts.database?.builtAt.map { max(0, (now / 1_000 - $0) / 86_400) }
    }

    /// What an operator should do, most pressing first.
    public var hints: [String] {
        var hints: [String] = []
        if facts.source == .off { return ["GEO_SOURCE is off: visits are not counted by country."] }
        if let problem = facts.database?.problem { hints.append(problem) }
        if facts.source == .database, facts.database == nil {
            hints.append("GEO_SOURCE is database, but GEOIP_DB names no file: every country is unknown.")
        }
        if facts.source == .cloudflare, !facts.trustsCloudflare {
            hints.append(
                "GEO_SOURCE is cloudflare, but TRUST_CLOUDFLARE is off: every country is unknown.")
        }
        if headersIgnored > 0, facts.source != .database {
            hints.append(
                facts.trustsCloudflare
                    ? "CF-IPCountry came from peers that TRUST_PROXY doesn't name by word or range, and was ignored."
                    : "CF-IPCountry came and was ignored: behind Cloudflare set TRUST_CLOUDFLARE=1 and TRUST_PROXY."
            )
        }
        if let share = unknownShare, share > Self.unknownShareMax {
            hints.append(
                "\(NumberText.percent(share)) of visits are from unknown countries: "
                    + (facts.database == nil && !facts.trustsCloudflare
                        ? "set GEOIP_DB to a country database (docs/geoip.md)."
                        : "check TRUST_PROXY, or the server sees its proxy's address instead of the visitors'.")
            )
        }
        if let age = databaseAgeDays, age > Self.oldAfterDays {
            hints.append("The country database was built \(age) days ago; get a newer one (docs/geoip.md).")
        }
        return hints
    }

    /// For a terminal.
    public var lines: [String] {
        var lines = ["source: GEO_SOURCE=\(facts.source.rawValue)"]
        lines.append(
            "cloudflare: \(facts.trustsCloudflare ? "trusted" : "not trusted"), \(headersIgnored) headers ignored"
        )
        if let database = facts.database {
            if let type = database.type {
                let built = database.builtAt.map { timestamp($0 * 1_000) } ?? "?"
                lines.append(
                    "database: \(type), IPv\(database.ipVersion ?? 4), \(database.nodes ?? 0) nodes, built \(built)"
                        + (databaseAgeDays.map { " (\($0) days ago)" } ?? ""))
            } else {
                lines.append("database: not loaded")
            }
        } else {
            lines.append("database: none; set GEOIP_DB")
        }
        lines.append(
            "visits of 7 days: \(visits), "
                + (unknownShare.map { "\(NumberText.percent($0)) from unknown countries" }
                    ?? "nothing to judge by"))
        return lines + hints.map { "hint: \($0)" }
    }

    /// `GET /api/metrics/geo/self-test`.
    var json: ByteBuffer {
        JSONWriter.object(capacity: 1_024) {
            $0.field("source", facts.source.rawValue)
            $0.key("database")
            if let database = facts.database {
                $0.object {
                    $0.field("loaded", database.type != nil)
                    if let type = database.type { $0.field("type", type) }
                    if let built = database.builtAt {
                        $0.field("built_at", timestamp(built * 1_000))
                        $0.field("built_days_ago", databaseAgeDays)
                    }
                    if let version = database.ipVersion { $0.field("ip_version", version) }
                    if let nodes = database.nodes { $0.field("nodes", nodes) }
                    if let problem = database.problem { $0.field("error", problem) }
                }
            } else {
                $0.null()
            }
            $0.key("cloudflare")
            $0.object {
                $0.field("trusted", facts.trustsCloudflare)
                $0.field("headers_ignored", headersIgnored)
            }
            $0.key("visits")
            $0.object {
                $0.field("total", visits)
                $0.field("unknown", unknown)
                $0.key("unknown_share")
                $0.number(unknownShare ?? .nan)
            }
            $0.key("hints")
            $0.array { list in for hint in hints { list.string(hint) } }
        }
    }

    static func read(from metrics: Metrics, _ facts: GeoFacts, now: Int64) async throws -> GeoSelfTest {
        GeoSelfTest(
            facts, week: try await metrics.history.geo(.week, now: now),
            headersIgnored: metrics.meter.total(.cloudflareHeadersIgnored), now: now)
    }
}
