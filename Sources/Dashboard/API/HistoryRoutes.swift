import NIOCore
import SignalboxMetrics
import Web

/// Series and countries as JSON or CSV, revalidated by ETag: what was answered stays true until a flush.
struct HistoryRoutes: Sendable {
    let metrics: Metrics
    /// Unix ms.
    let clock: @Sendable () -> Int64
    private let cache = AnswerCache<ByteBuffer>()

    init(metrics: Metrics, clock: @escaping @Sendable () -> Int64) {
        self.metrics = metrics
        self.clock = clock
    }

    func series(_ request: FrontRequest) async throws -> FrontResponse {
        let tag = metrics.revision
        return try await answer(request, tag: tag, name: "series") { query, now in
            switch query.span {
            case .range(let range):
                func make() async throws -> ByteBuffer {
                    let answer = try await metrics.history.series(range, metrics: query.metrics, now: now)
                    return query.format == .csv
                        ? SeriesTable(answer.points, query.metrics).csv()
                        : SeriesJSON.range(answer, query.metrics)
                }
                // What begins with the history, and not at a time before now, stays the same within a minute.
                guard range == .all else { return try await make() }
                let question = "\(query.format) \(query.metrics.map(\.name).joined(separator: ","))"
                return try await cache.answer(to: question, tag: "\(tag)-\(now / 60_000)", make)
            case .window(let window):
                if window.from == nil, let from = try await metrics.history.availableSince() {
                    try SeriesQuery.refuseTooFine(
                        window.step, from: from, until: window.until, metrics: query.metrics.count)
                }
                let answer = try await metrics.history.series(window, metrics: query.metrics)
                return query.format == .csv
                    ? SeriesTable(answer.points, query.metrics).csv()
                    : SeriesJSON.window(answer, query.metrics)
            }
        }
    }

    func geo(_ request: FrontRequest) async throws -> FrontResponse {
        let tag = "\(metrics.revision)-\(metrics.meter.visits)"
        return try await answer(request, tag: tag, name: "countries") { query, now in
            let answer =
                switch query.span {
                case .range(let range):
                    try await metrics.history.geo(range, minimum: metrics.visitsMin, now: now)
                case .window(let window):
                    try await metrics.history.geo(window, minimum: metrics.visitsMin, now: now)
                }
            return query.format == .csv ? SeriesJSON.csv(answer) : SeriesJSON.geo(answer)
        }
    }

    private func answer(
        _ request: FrontRequest, tag: String, name: String,
        _ body: (SeriesQuery, Int64) async throws -> ByteBuffer
    ) async throws -> FrontResponse {
        let now = clock()
        do {
            let query = try SeriesQuery(request.query, accept: request.header("accept"), now: now)
            // No store may keep it, but a client that has it in hand needn't be sent it again.
            // A window up to now moves on even when nothing is written.
            let tag = "W/\"\(tag)-\(now / 60_000)-\(query.format)\""
            var headers = [
                (name: "Cache-Control", value: "no-store"), (name: "ETag", value: tag),
                (name: "Vary", value: "Accept"),
            ]
            if EntityTag.matches(request.head.headers["if-none-match"], tag) {
                return FrontResponse(status: .notModified, headers: headers).compressible
            }
            let bytes = try await body(query, now)
            guard query.format == .csv else { return .json(bytes, headers: headers).compressible }
            headers += [
                (name: "Content-Type", value: "text/csv; charset=utf-8; header=present"),
                (name: "Content-Disposition", value: "attachment; filename=\"signalbox-\(name).csv\""),
            ]
            return FrontResponse(headers: headers, body: bytes).compressible
        } catch let fault as SeriesQuery.Fault {
            let json = JSONWriter.object {
                $0.field("error", fault.message)
                $0.field("reason", "bad_parameter")
                $0.field("parameter", fault.parameter)
                if let value = fault.value {
                    $0.key(named: fault.parameter)
                    $0.string(value)
                }
            }
            return .json(
                json, status: .badRequest, headers: [(name: "Cache-Control", value: "no-store")])
        }
    }
}
