import NIOCore
import SignalboxMetrics
import Web

/// The dashboard's panels as JSON, and what the page itself is made of.
struct PanelRoutes: Sendable {
    let metrics: Metrics
    let build: BuildFacts
    /// How countries are found, as it is now.
    let geo: @Sendable () -> GeoFacts
    /// Unix ms.
    let clock: @Sendable () -> Int64
    private let weeks = AnswerCache<GeoAnswer>()

    init(
        metrics: Metrics, build: BuildFacts, geo: @escaping @Sendable () -> GeoFacts,
        clock: @escaping @Sendable () -> Int64
    ) {
        self.metrics = metrics
        self.build = build
        self.geo = geo
        self.clock = clock
    }

    /// Everything about the moment.
    func input() async throws -> StatsInput {
        let now = clock()
        // Visits of the last seven days, as of the last flush.
        let week = try await weeks.answer(to: "", tag: metrics.revision) {
            try await metrics.history.geo(.week, now: now)
        }
        return try await StatsInput.read(
            from: metrics, build: build,
            selfTest: GeoSelfTest(
                geo(), week: week, headersIgnored: metrics.meter.total(.cloudflareHeadersIgnored), now: now),
            now: now)
    }

    func state(_ request: FrontRequest) async throws -> FrontResponse {
        .fresh(PanelsJSON.state(try await input()), for: request)
    }

    func cards(_ request: FrontRequest) async throws -> FrontResponse {
        .fresh(PanelsJSON.cards(try await input()), for: request)
    }

    func counters(_ request: FrontRequest) async throws -> FrontResponse {
        .fresh(PanelsJSON.counters(try await input()), for: request)
    }

    func storage(_ request: FrontRequest) async throws -> FrontResponse {
        let facts = try await StoreFacts.read(from: metrics, now: clock())
        return .fresh(PanelsJSON.storage(try await input(), facts), for: request)
    }

    func build(_ request: FrontRequest) async throws -> FrontResponse {
        .fresh(PanelsJSON.build(try await input()), for: request)
    }

    func alerts(_ request: FrontRequest) async throws -> FrontResponse {
        .fresh(PanelsJSON.alerts(try await input()), for: request)
    }

    func geoSelfTest(_ request: FrontRequest) async throws -> FrontResponse {
        .fresh(try await GeoSelfTest.read(from: metrics, geo(), now: clock()).json, for: request)
    }
}

extension FrontResponse {
    /// JSON that is true only now: nobody may keep it, but who has it in hand isn't sent it again.
    static func fresh(
        _ json: ByteBuffer, for request: FrontRequest, varying: Bool = false
    ) -> FrontResponse {
        let vary = varying ? [(name: "Vary", value: "Accept")] : []
        return FrontResponse.json(json, headers: [(name: "Cache-Control", value: "no-store")] + vary)
            .compressible.tagged(for: request)
    }
}
