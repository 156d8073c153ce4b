import Foundation
public import Logging
import NIOCore
public import ServiceLifecycle
public import SignalboxMetrics
public import Web

/// The operator's routes: pages, JSON, the exposition, the stream. Every one of them passes the gate first; only
/// the public status is for everybody.
public struct DashboardRoutes: Sendable {
    private let metrics: Metrics
    private let exposition: Exposition
    private let gate: Gate
    private let templates: Templates
    private let settings: Settings
    private let history: HistoryRoutes
    private let panels: PanelRoutes
    private let stats: StatsRoute
    private let silences: SilenceRoute
    private let status: StatusRoutes
    private let hub = StreamHub()
    private let logger: Logger

    /// What the pages say about the server.
    public struct Settings: Sendable {
        public let version: BuildVersion
        /// The commit that was built, where the build noted it.
        public let commit: String?
        /// METRICS_RECENT_HISTORY_MAX: minute points in `/api/metrics`.
        public let recentHistoryMax: Int
        /// PUBLIC_STATUS.
        public let isStatusPublic: Bool
        /// How countries are found, as it is now.
        public let geo: @Sendable () -> GeoFacts
        /// Unix ms.
        public let clock: @Sendable () -> Int64

        public init(
            version: BuildVersion, commit: String?, recentHistoryMax: Int, isStatusPublic: Bool,
            geo: @escaping @Sendable () -> GeoFacts, clock: @escaping @Sendable () -> Int64
        ) {
            self.version = version
            self.commit = commit
            self.recentHistoryMax = recentHistoryMax
            self.isStatusPublic = isStatusPublic
            self.geo = geo
            self.clock = clock
        }
    }

    public init(
        metrics: Metrics, gate: Gate, templates: Templates, map: WorldMap,
        settings: Settings, logger: Logger
    ) {
        self.metrics = metrics
        self.gate = gate
        self.templates = templates
        self.settings = settings
        self.logger = logger
        history = HistoryRoutes(metrics: metrics, clock: settings.clock)
        exposition = Exposition(metrics: metrics, version: settings.version)
        let build = BuildFacts(version: settings.version, commit: settings.commit)
        panels = PanelRoutes(metrics: metrics, build: build, geo: settings.geo, clock: settings.clock)
        stats = StatsRoute(panels: panels, page: StatsPage(templates: templates, map: map))
        silences = SilenceRoute(gate: gate, evaluator: metrics.alerts, clock: settings.clock)
        status = StatusRoutes(
            metrics: metrics, page: StatusPage(templates: templates), map: map,
            isOn: settings.isStatusPublic, clock: settings.clock)
    }

    /// What is answered on the event loop: the stream.
    public var hot: any HotResponder {
        DashboardHotRoutes(
            stream: StreamRoute(
                gate: gate, hub: hub, metrics: metrics, clock: settings.clock, logger: logger))
    }

    /// What feeds the open streams.
    public var ticker: any Service {
        StreamTicker(
            hub: hub, metrics: metrics, sessions: gate.sessions, clock: settings.clock, logger: logger)
    }

    /// Adds the routes to the cold router.
    public func add(to router: ColdRouter) {
        status.add(to: router)
        router.on(.metrics) { try await metricsOrExposition($0.front) }
        router.on(.exposition) { try await expositionOnly($0.front) }
        addAPI(to: router)
        router.on(.stats) { try await shortAddress($0.front) }
        router.on(.adminStats) { context in try await gated(context.front, .page, stats.respond) }
        router.on(.adminLogin) { try await gate.loginPage($0.front) }
        router.on(.adminLogin, method: .post) { try await gate.logIn($0.front) }
        router.on(.adminAlerts, method: .post) { try await silences.respond(to: $0.front) }
        router.on(.adminLogout, method: .post) { try await gate.logOut($0.front) }
    }

    private func addAPI(to router: ColdRouter) {
        let routes: [(Route, @Sendable (FrontRequest) async throws -> FrontResponse)] = [
            (.metricsSeries, history.series), (.metricsGeo, history.geo),
            (.metricsGeoSelfTest, panels.geoSelfTest), (.metricsState, panels.state),
            (.metricsCards, panels.cards), (.metricsCounters, panels.counters),
            (.metricsStorage, panels.storage), (.metricsBuild, panels.build),
            (.metricsAlerts, panels.alerts),
            (
                .metricsHourly,
                { request in
                    .fresh(
                        MetricsJSON.hourly(try await metrics.history.hourly(now: settings.clock())),
                        for: request)
                }
            ),
        ]
        for (route, answer) in routes {
            router.on(route) { context in try await gated(context.front, .api, answer) }
        }
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
                let json = MetricsJSON.metrics(metrics, recent: recent, now: settings.clock())
                return .fresh(json, for: request, varying: true)
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
            ], body: ByteBuffer(bytes: exposition.write(format))
        ).compressible
    }

    /// `/stats`: easier to remember. A token in the address is taken here and goes no further.
    private func shortAddress(_ request: FrontRequest) async throws -> FrontResponse {
        if request.query["token"] != nil, case .refused(let response) = try await gate.check(request, .page) {
            return response
        }
        return FrontResponse(
            status: .found,
            headers: [("Location", gate.cleanTarget(request)), ("Cache-Control", "no-store")])
    }
}

/// The dashboard's hot route.
struct DashboardHotRoutes: HotResponder {
    let stream: StreamRoute

    func respond(to request: FrontRequest, on connection: FrontHandler) -> Bool {
        guard request.route == .metricsStream else { return false }
        stream.respond(to: request, on: connection)
        return true
    }
}
