import NIOCore
public import NIOEmbedded
public import SignalboxMetrics
public import Web

/// A connection without a socket, on a loop that moves only when told: for what must happen in one instant.
public final class EmbeddedFront {
    public let channel: EmbeddedChannel
    private let front: Front

    /// What a stub keeps of the requests it was given.
    ///
    /// `@unchecked Sendable` is safe: an embedded loop runs on the test's own thread.
    public final class Seen: @unchecked Sendable {
        public var requests: [FrontRequest] = []
        public var connections: [FrontHandler] = []
        public var stackAddresses: [UInt] = []
        public init() {}
    }

    public init(hot: any HotResponder, meter: Meter = Meter()) throws {
        channel = EmbeddedChannel()
        front = Front(
            meter: meter, proxies: .loopback, hot: hot, cold: StubCold(),
            eventLoops: [channel.embeddedEventLoop])
        try front.setUp(channel).wait()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    public func receive(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    /// Runs what is due on the loop now.
    public func run() { channel.embeddedEventLoop.run() }

    /// All that was sent since the last call, when what is due has run.
    public func sent() throws -> String {
        run()
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text
    }

    /// The client goes away.
    public func hangUp() throws { _ = try channel.finish(acceptAlreadyClosed: true) }
}

/// A request whose answer the test gives itself.
public final class Parking: ParkedRequest {
    public init() {}
    public func timedOut() {}
    public func shutDown() {}
    public func cancelled() {}
}
