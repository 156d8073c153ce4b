import Logging
import NIOCore
import SignalboxMetrics
import Web

/// `GET /api/metrics/stream`: how things are now every few seconds, and each minute's point, as server-sent
/// events.
struct StreamRoute: Sendable {
    let gate: Gate
    let hub: StreamHub
    let metrics: Metrics
    /// Unix ms.
    let clock: @Sendable () -> Int64
    let logger: Logger

    func respond(to request: FrontRequest, on connection: FrontHandler) {
        let bound = NIOLoopBound(connection, eventLoop: connection.eventLoop)
        connection.eventLoop.makeFutureWithTask { await verdict(request) }.whenSuccess { verdict in
            let connection = bound.value
            switch verdict {
            case .refused(let response): connection.respond(response)
            case .admitted(let door): start(request, door, on: connection)
            }
        }
    }

    private func verdict(_ request: FrontRequest) async -> Gate.Verdict {
        do { return try await gate.check(request, .api) } catch {
            logger.error("A request failed: \(error)", metadata: ["route": "\(request.route.text)"])
            return .refused(
                .refusal(.internalServerError, ErrorBody("internal error", reason: "internal_error")))
        }
    }

    private func start(_ request: FrontRequest, _ door: Gate.Door, on connection: FrontHandler) {
        guard request.method == .get else {
            return connection.respond(
                FrontResponse(headers: [
                    ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"),
                ]))
        }
        guard hub.takePlace() else {
            metrics.meter.add(.overCapacity(.dashboardStreams))
            return connection.respond(
                .refusal(
                    .serviceUnavailable,
                    ErrorBody(
                        "too many open dashboards", reason: "dashboard_streams",
                        detail: "at most \(StreamHub.streamsMax) streams at once; close one"),
                    retryAfter: 30, headers: [("Cache-Control", "no-store")]))
        }
        let session: Sessions.Ticket? = if case .session(let ticket) = door { ticket } else { nil }
        connection.startEventStream(
            DashboardStream(
                connection, hub: hub, session: session, first: .now(metrics, now: clock()),
                chunked: request.isChunkable), chunked: request.isChunkable)
    }
}
