/// Why a delivery failed. Closed, so that neither an address, which holds a token, nor a note's text can get
/// into a log with it.
public enum DeliveryError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The service answered, but not with a 2xx; it may have said how long to stay away.
    case refused(status: Int, retryAfter: Duration? = nil)
    /// Connecting and answering took too long together.
    case timeout
    /// No connection: the name is unknown, the network is down or nobody listens.
    case unreachable
    /// The connection ended before the answer.
    case disconnected
    /// The certificate or the handshake is wrong.
    case tls
    /// The server is stopping.
    case cancelled
    case other

    /// A few words for a log.
    public var description: String {
        switch self {
        case .refused(let status, _): "answered \(status)"
        case .timeout: "timeout"
        case .unreachable: "unreachable"
        case .disconnected: "disconnected"
        case .tls: "tls"
        case .cancelled: "stopping"
        case .other: "other"
        }
    }

    /// The same delivery may succeed a little later.
    var isTransient: Bool {
        switch self {
        case .refused(let status, _): status == 429 || (500...599).contains(status)
        case .timeout, .unreachable, .disconnected: true
        case .tls, .cancelled, .other: false
        }
    }
}
