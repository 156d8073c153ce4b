import Foundation
import NIOCore
public import SignalboxMetrics
public import Web

/// The operator's routes: pages, JSON, the exposition. Every one of them passes the gate first.
public struct DashboardRoutes: Sendable {
    private let metrics: Metrics
    private let exposition: Exposition
    private let gate: Gate
    private let templates: Templates
    private let files: StaticFiles
    private let settings: Settings
    private let history: HistoryRoutes

    /// What the pages say about the server.
    public struct Settings: Sendable {
        public let version: BuildVersion
        /// METRICS_RECENT_HISTORY_MAX: minute points in `/api/metrics`.
        public let recentHistoryMax: Int
        /// How countries are found, as it is now.
        public let geo: @Sendable () -> GeoFacts
        /// Unix ms.
        public let clock: @Sendable () -> Int64

        public init(
            version: BuildVersion, recentHistoryMax: Int, geo: @escaping @Sendable () -> GeoFacts,
            clock: @escaping @Sendable () -> Int64
        ) {
            self.version = version
            self.recentHistoryMax = recentHistoryMax
            self.geo = geo
            self.clock = clock
        }
    }

    public init(metrics: Metrics, gate: Gate, templates: Templates, files: StaticFiles, settings: Settings) {
        self.metrics = metrics
        self.gate = gate
        self.templates = templates
        self.files = files
        self.settings = settings
        history = HistoryRoutes(metrics: metrics, clock: settings.clock)
        exposition = Exposition(metrics: metrics, version: settings.version)
    }

    /// Adds the routes to the cold router.
    public func add(to router: ColdRouter) {
        router.on(.home) { context in
            .page(try HomePage(templates: templates).render(origin: origin(context.front)))
        }
        router.on(.asset) { context in
            files.response(context.front.parameter, ifNoneMatch: context.front.header("if-none-match"))
        }
        router.on(.metrics) { try await metricsOrExposition($0.front) }
        router.on(.exposition) { try await expositionOnly($0.front) }
        router.on(.metricsSeries) { context in try await gated(context.front, .api, history.series) }
        router.on(.metricsGeo) { context in try await gated(context.front, .api, history.geo) }
        router.on(.metricsGeoSelfTest) { context in
            try await gated(context.front, .api) { _ in
                .fresh(try await GeoSelfTest.read(from: metrics, settings.geo(), now: settings.clock()).json)
            }
        }
        router.on(.metricsHourly) { context in
            try await gated(context.front, .api) { _ in
                .fresh(MetricsJSON.hourly(try await metrics.history.hourly(now: settings.clock())))
            }
        }
        router.on(.stats) { try await shortAddress($0.front) }
        router.on(.adminStats) { context in try await gated(context.front, .page, stats) }
        router.on(.adminLogin) { try await gate.loginPage($0.front) }
        router.on(.adminLogin, method: .post) { try await gate.logIn($0.front) }
        router.on(.adminLogout, method: .post) { try await gate.logOut($0.front) }
    }

    private func gated(
        _ request: FrontRequest, _ surface: Gate.Surface,
        _ answer: @Sendable (FrontRequest) async throws -> FrontResponse
    ) async throws -> FrontResponse {
        switch try await gate.check(request, surface) {
        case .admitted: try await answer(request)
        case .refused(let response): response
        }
    }

    private func metricsOrExposition(_ request: FrontRequest) async throws -> FrontResponse {
        switch Negotiation.answer(accept: request.header("accept"), fallback: .json) {
        case .json:
            try await gated(request, .api) { _ in
                let recent = try await metrics.history.recent(settings.recentHistoryMax)
                return .fresh(
                    MetricsJSON.metrics(metrics, recent: recent, now: settings.clock()), varying: true)
            }
        case .exposition(let format):
            try await gated(request, .exposition) { _ in scrape(format) }
        }
    }

    private func expositionOnly(_ request: FrontRequest) async throws -> FrontResponse {
        var format = Exposition.Format.text
        if case .exposition(let chosen) = Negotiation.answer(
            accept: request.header("accept"), fallback: .exposition(.text))
        {
            format = chosen
        }
        return try await gated(request, .exposition) { [format] _ in scrape(format) }
    }

    private func scrape(_ format: Exposition.Format) -> FrontResponse {
        FrontResponse(
            headers: [
                ("Content-Type", format.contentType), ("Cache-Control", "no-store"), ("Vary", "Accept"),
            ], body: ByteBuffer(bytes: exposition.write(format)))
    }

    /// `/stats`: easier to remember. A token in the address is taken here and goes no further.
    private func shortAddress(_ request: FrontRequest) async throws -> FrontResponse {
        if request.query["token"] != nil, case .refused(let response) = try await gate.check(request, .page) {
            return response
        }
        return FrontResponse(status: .found, headers: [("Location", gate.cleanTarget(request))])
    }

    @Sendable private func stats(_ request: FrontRequest) async throws -> FrontResponse {
        var input = try await StatsInput.read(
            from: metrics, version: settings.version.text, range: SeriesRange(query: request.query["range"]),
            metric: ChartMetric(query: request.query["metric"]), geo: settings.geo(), now: settings.clock())
        input.reloads = request.query["refresh"] == "30"
        var page = FrontResponse.page(try StatsPage(templates: templates).render(input))
        if input.reloads { page.headers.append(("Refresh", "30")) }
        return page
    }

    private func origin(_ request: FrontRequest) -> String {
        (request.isSecure ? "https://" : "http://") + (request.header("host") ?? "localhost")
    }
}

extension FrontResponse {
    /// JSON that is true only now.
    fileprivate static func fresh(_ json: ByteBuffer, varying: Bool = false) -> FrontResponse {
        let vary = varying ? [(name: "Vary", value: "Accept")] : []
        return .json(json, headers: [(name: "Cache-Control", value: "no-store")] + vary)
    }
}
