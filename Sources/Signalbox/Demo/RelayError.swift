/// What can go wrong between the demo and the server.
enum RelayError: Error {
    /// No connection, so nothing was sent and the same request may be made again.
    case unreachable(String)
    /// The connection went away, or no answer came in time; whether the server acted on it is unknown.
    case lost(String)
    /// The server answered with something other than success.
    case refused(status: Int, retryAfter: Duration?)

    /// A few words for the list of errors.
    var words: String {
        switch self {
        case .unreachable(let reason): "no connection (\(reason))"
        case .lost(let reason): "connection lost (\(reason))"
        case .refused(let status, _): "answered \(status)"
        }
    }

    /// How long to wait before trying again, if the server said that it is busy, not that we are wrong.
    ///
    /// Bounded, so that a server can't park the demo for a day.
    var pauseAsked: Duration? {
        guard case .refused(let status, let retryAfter) = self, status == 429 || status == 503 else {
            return nil
        }
        return min(max(retryAfter ?? .seconds(1), .milliseconds(100)), .seconds(60))
    }
}
