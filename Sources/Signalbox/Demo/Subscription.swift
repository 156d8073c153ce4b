/// How a subscriber receives.
enum ReadingTransport: Int, CaseIterable, Sendable {
    case events
    case webSocket
    case longPoll

    var name: String {
        switch self {
        case .events: "SSE"
        case .webSocket: "WS"
        case .longPoll: "poll"
        }
    }

    /// Pages use streams, scripts poll.
    var visitor: Visitor { self == .longPoll ? .agent : .browser }
}

/// One way to receive a room's messages.
protocol Subscription: Sendable {
    /// Hands every envelope after `seq` to `receive`, in order, until cancelled or until the server ends it.
    func listen(after seq: Int, receive: @escaping @Sendable (Envelope) throws -> Void) async throws
}
