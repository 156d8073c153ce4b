public import Logging
import SignalboxMetrics

/// One line a request, when the operator asks for it: method, route by its template, status, time. Never a
/// path, an address or anything else that a client chose.
public struct AccessLog: Sendable {
    private let logger: Logger

    public init(_ logger: Logger) { self.logger = logger }

    func request(_ method: Method, _ route: Route, status: Int, nanoseconds: Int64) {
        let milliseconds = Double(nanoseconds / 10_000) / 100
        logger.info("\(method.text) \(route.text) \(status) \(milliseconds) ms")
    }
}
