import NIOConcurrencyHelpers
import SignalboxMetrics
import Web

/// The public status page and its JSON, PUBLIC_STATUS. What they say is worked out once a day: whoever asks each
/// second sees nothing move.
struct StatusRoutes: Sendable {
    let metrics: Metrics
    let page: StatusPage
    let map: WorldMap
    let isOn: Bool
    /// Unix ms.
    let clock: @Sendable () -> Int64
    private let known = NIOLockedValueBox<(until: Int64, status: PublicStatus)?>(nil)

    init(
        metrics: Metrics, page: StatusPage, map: WorldMap, isOn: Bool, clock: @escaping @Sendable () -> Int64
    ) {
        self.metrics = metrics
        self.page = page
        self.map = map
        self.isOn = isOn
        self.clock = clock
    }

    func add(to router: ColdRouter) {
        router.on(.publicStatus) { context in
            guard isOn else { return Self.notFound }
            let status = try await status()
            var response = FrontResponse.page(try page.render(status))
            response.headers = [("Content-Type", "text/html; charset=utf-8"), Self.caching]
            return response.tagged(for: context.front)
        }
        router.on(.publicStatusFile) { context in
            guard isOn else { return Self.notFound }
            var response = FrontResponse.json(try await status().json, headers: [Self.caching])
            response.isCompressible = true
            return response.tagged(for: context.front)
        }
    }

    /// The same for everybody, and for a day.
    private static let caching = (name: "Cache-Control", value: "public, max-age=300")
    private static let notFound = FrontResponse.refusal(
        .notFound, ErrorBody("not found", reason: "unknown_route"))

    private func status() async throws -> PublicStatus {
        let now = clock()
        let until = metrics.history.lastDayEnd(now: now)
        if let known = known.withLockedValue({ $0 }), known.until == until { return known.status }
        let closed = try await metrics.history.closedDays(
            PublicStatus.daysMax, minimum: max(PublicStatus.visitsMin, metrics.visitsMin), now: now)
        let status = PublicStatus(
            closed, updated: CivilTime(until, in: metrics.store.timeZone).date, map: map)
        // Two that ask at once could read before and after a late flush: the first answer stands.
        return known.withLockedValue { known in
            if let known, known.until == until { return known.status }
            known = (until, status)
            return status
        }
    }
}
