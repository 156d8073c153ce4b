public import NIOCore
public import SignalboxMetrics

/// What every connection needs to know: made once at start.
public final class Front: Sendable {
    /// Bounds of a connection, each a named setting.
    public struct Limits: Sendable {
        /// Ceiling of a request's body in bytes; the original's 192kb.
        public var bodyBytes = 192 * 1024
        /// Ceiling of a request's head in bytes.
        public var headBytes = 16 * 1024
        /// A request's head and body must have come within this time of its first byte.
        public var requestTime = TimeAmount.seconds(30)
        /// A kept-alive connection without a request is closed after this time; above the proxies' own.
        public var keepAlive = TimeAmount.seconds(120)
        public init() {}
    }

    /// What a front may do besides answering.
    public struct Options: Sendable {
        /// TRUST_CLOUDFLARE: a trusted peer's CF-Connecting-IP is the client's address. Every ordinary proxy
        /// passes a client's own through, so it doesn't count by itself.
        public var trustsCloudflare = false
        /// Sends readers of pages to the server's own name.
        public var redirect: CanonicalRedirect?
        /// What tells the country of a page visit.
        public var countries = CountryResolver(source: .off)
        /// What a browser is shown at an address that nothing is at; nil for JSON, as programs get.
        public var missingPage: FrontResponse?
        /// One line a request; nil for none.
        public var accessLog: AccessLog?
        public init() {}
    }

    let meter: Meter
    let limits: Limits
    let options: Options
    let proxies: TrustedProxies
    let hot: [any HotResponder]
    let cold: any ColdResponder
    private let loops: [ObjectIdentifier: FrontLoop]

    public init(
        meter: Meter, limits: Limits = Limits(), options: Options = Options(), proxies: TrustedProxies,
        hot: any HotResponder...,
        cold: any ColdResponder, eventLoops: [any EventLoop]
    ) {
        self.meter = meter
        self.limits = limits
        self.options = options
        self.proxies = proxies
        self.hot = hot
        self.cold = cold
        loops = Dictionary(
            uniqueKeysWithValues: eventLoops.map { (ObjectIdentifier($0), FrontLoop(eventLoop: $0)) })
    }

    /// The shared state of a loop; nil for a loop this front wasn't made for.
    func loop(of eventLoop: any EventLoop) -> FrontLoop? { loops[ObjectIdentifier(eventLoop)] }

    /// Client connections open now.
    public var openConnections: Int {
        loops.values.reduce(0) { $0 + $1.connectionCount.load(ordering: .relaxed) }
    }

    /// Sets a fresh connection up: what reads plain requests and one front handler, nothing else.
    public func setUp(
        _ channel: any Channel, listener: ListenerKind = .open
    ) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            guard let loop = self.loop(of: channel.eventLoop) else { throw ChannelError.operationUnsupported }
            let handler = FrontHandler(front: self, loop: loop, listener: listener)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(PlainRequests(connection: handler), name: PlainRequests.name)
            try pipeline.addHandler(handler)
        }
    }
}

/// Answers the relay's hot and parking routes on the event loop, without a hop.
public protocol HotResponder: Sendable {
    /// Answers, parks or starts a stream on the connection; false leaves the request to the cold side.
    func respond(to request: FrontRequest, on connection: FrontHandler) -> Bool
}

/// Answers every other route in Swift concurrency.
public protocol ColdResponder: Sendable {
    func respond(to request: FrontRequest) async -> FrontResponse
}
