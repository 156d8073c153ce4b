import NIOConcurrencyHelpers
import NIOCore
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
    private let known = NIOLockedValueBox<Known?>(nil)

    /// A day's answers, laid out and compressed once.
    private struct Known {
        let until: Int64
        let page: StaticFiles.File
        let json: StaticFiles.File
    }

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
        router.on(.publicStatus) { context in try await answer(context.front, \.page) }
        router.on(.publicStatusFile) { context in try await answer(context.front, \.json) }
    }

    private func answer(
        _ request: FrontRequest, _ file: (Known) -> StaticFiles.File
    ) async throws -> FrontResponse {
        guard isOn else {
            return .refusal(.notFound, ErrorBody("not found", reason: "unknown_route"))
        }
        // The same for everybody, and for a day.
        return file(try await today()).response(
            ifNoneMatch: request.header("if-none-match"),
            acceptsGzip: Gzip.isAccepted(request.header("accept-encoding")),
            cacheControl: "public, max-age=300")
    }

    private func today() async throws -> Known {
        let now = clock()
        let until = metrics.history.lastDayEnd(now: now)
        if let known = known.withLockedValue({ $0 }), known.until == until { return known }
        let closed = try await metrics.history.closedDays(
            PublicStatus.daysMax, minimum: max(PublicStatus.visitsMin, metrics.visitsMin), now: now)
        let status = PublicStatus(
            closed, updated: CivilTime(until, in: metrics.store.timeZone).date, map: map)
        let made = Known(
            until: until,
            page: StaticFiles.File(
                contentType: "text/html; charset=utf-8", body: ByteBuffer(string: try page.render(status))),
            json: StaticFiles.File(contentType: "application/json; charset=utf-8", body: status.json))
        // Two that ask at once could read before and after a late flush: the first answer stands.
        return known.withLockedValue { known in
            if let known, known.until == until { return known }
            known = made
            return made
        }
    }
}
