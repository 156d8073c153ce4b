import DequeModule
public import NIOCore
import NIOExtras
public import NIOHTTP1
import SignalboxMetrics

/// One client connection: reads requests, answers hot ones on the event loop, hands the others to the cold
/// side, and becomes a stream when asked to.
///
/// Methods, limits, routing, counting and keep-alive rules live here once, so they hold for every route. One
/// request is answered at a time; what a client pipelines waits its turn.
public final class FrontHandler: ChannelDuplexHandler {
    public typealias InboundIn = HTTPServerRequestPart
    public typealias OutboundIn = Never
    public typealias OutboundOut = ByteBuffer

    static let decoderName = "signalbox.http"

    enum Phase {
        /// Between requests.
        case idle
        /// A request's body is coming in.
        case reading(Reading)
        /// A request is being answered by the cold side or is parked.
        case answering
        /// A last response was sent; input is thrown away until the client closes.
        case draining
        case eventStream(any ConnectionStream)
        case webSocket(any ConnectionStream)
        case closed
    }

    struct Reading {
        var head: RequestHead
        let match: RouteTable.Match
        var body = ByteBuffer()
        /// Bytes of a plain request's body that are yet to come.
        var missing = 0
        /// The answer is known already; the body only has to be read past.
        var refusal: FrontResponse?
    }

    let front: Front
    let loop: FrontLoop
    let listener: ListenerKind
    var loopIndex = -1
    var phase = Phase.idle
    var context: ChannelHandlerContext?
    var peer: IPAddress?
    var pipelined = Deque<HTTPServerRequestPart>()
    var isTakingPipelined = false
    var parked: (any ParkedRequest)?
    var answeringHead: RequestHead?
    var answeringRoute = Route.unmatched
    var startedAt = NIODeadline.now()
    var isReadingFromSocket = false
    var wantsFlush = false
    var readHeld = false
    var inputClosed = false
    var quiescing = false
    var drainedReads = 0
    /// The socket, as long as it is this connection's; -1 before, after, and where there is none. Kernels give a
    /// closed one's number to the next connection, so it goes before anybody could use it again.
    private(set) var descriptor: CInt = -1
    /// Whether bytes may wait in the channel.
    var mayBeQueued = false
    /// Bytes that were ever queued in the channel.
    var queuedInAll = 0
    /// Answers that go out together at the end of a read.
    var answers: ByteBuffer?

    init(front: Front, loop: FrontLoop, listener: ListenerKind) {
        self.front = front
        self.loop = loop
        self.listener = listener
    }

    // MARK: Life of the connection

    public func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { activate(context) }
    }

    public func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    public func channelActive(context: ChannelHandlerContext) {
        activate(context)
        context.fireChannelActive()
    }

    private func activate(_ context: ChannelHandlerContext) {
        guard loopIndex < 0 else { return }
        peer = IPAddress(context.channel.remoteAddress)
        guard peer != nil || isUnixSocket(context.channel) else {
            // Reset before it was accepted. Whose it was can't be told any more, and nobody waits for an answer.
            phase = .closed
            return context.close(promise: nil)
        }
        descriptor =
            (try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self) { $0 }) ?? -1
        loop.add(self)
        setDeadline(in: front.limits.requestTime)
    }

    /// The socket is closed: nothing may be sent to its number any more.
    func leaveSocket() { descriptor = -1 }

    private func isUnixSocket(_ channel: any Channel) -> Bool {
        if case .unixDomainSocket = channel.localAddress { return true }
        return false
    }

    public func channelInactive(context: ChannelHandlerContext) {
        ended(.client)
        context.fireChannelInactive()
    }

    /// Tells whoever lives on the connection that it is gone; later calls do nothing.
    func ended(_ reason: DisconnectReason) {
        loop.remove(self)
        leaveSocket()
        let previous = phase
        phase = .closed
        pipelined.removeAll()
        switch previous {
        case .eventStream(let stream), .webSocket(let stream): stream.closed(reason)
        case .answering:
            let request = parked
            parked = nil
            request?.cancelled()
        default: break
        }
    }

    // MARK: Reading

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch phase {
        case .webSocket: context.fireChannelRead(data)
        case .eventStream, .closed: break
        case .draining: drained()
        case .idle, .reading, .answering:
            isReadingFromSocket = true
            let part = unwrapInboundIn(data)
            if canTake, pipelined.isEmpty { take(part) } else { pipelined.append(part) }
        }
    }

    public func channelReadComplete(context: ChannelHandlerContext) {
        isReadingFromSocket = false
        if wantsFlush {
            wantsFlush = false
            loop.flushSoon(self)
        }
        context.fireChannelReadComplete()
    }

    /// Stops reading while pipelined requests wait, so that a client can't make us hold more than one
    /// socket buffer of them.
    public func read(context: ChannelHandlerContext) {
        if holdsReads { readHeld = true } else { context.read() }
    }

    var holdsReads: Bool {
        switch phase {
        case .idle: !pipelined.isEmpty || !isWritable
        case .answering: !pipelined.isEmpty
        default: false
        }
    }

    func take(_ part: HTTPServerRequestPart) {
        switch (part, phase) {
        case (.head(let head), .idle): begin(head)
        case (.body(let bytes), .reading(var reading)):
            // The phase must not hold a second reference while the body grows.
            phase = .answering
            append(bytes, to: &reading)
        case (.end, .reading(let reading)): dispatch(reading)
        default: break
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        startedAt = .now()
        setDeadline(in: front.limits.requestTime)
        let path = RequestTarget.path(head.uri)
        let match = RouteTable.match(path, method: Method(head.method))
        front.meter.add(.requestMethods(Method(head.method)))
        let whole = RequestHead(head)
        var reading = Reading(head: whole, match: match)
        reading.refusal = refusal(whole, match)
        phase = .reading(reading)
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }),
            length > front.limits.bodyBytes
        {
            refuseBody(reading)
        } else if head.headers.first(name: "expect")?.lowercased() == "100-continue", head.version == .http1_1
        {
            if let refusal = reading.refusal {
                // The client waits with its body for a word: it gets the last one.
                answer(whole, match.route)
                return finish(refusal, keepAlive: false, drain: true)
            }
            write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"))
            flush()
        }
    }

    private func append(_ bytes: ByteBuffer, to reading: inout Reading) {
        guard reading.body.readableBytes + bytes.readableBytes <= front.limits.bodyBytes else {
            phase = .reading(reading)
            refuseBody(reading)
            return
        }
        if reading.body.readableBytes == 0 {
            reading.body = bytes
        } else {
            reading.body.writeImmutableBuffer(bytes)
        }
        phase = .reading(reading)
    }

    /// What can be said of a request before its body is there; nil when it may go on.
    func refusal(_ head: RequestHead, _ match: RouteTable.Match) -> FrontResponse? {
        if let target = redirectTarget(head) { return Refusals.elsewhere(target) }
        return Refusals.early(head, match, missingPage: front.options.missingPage)
    }

    func refuseBody(_ reading: Reading) {
        answer(reading.head, reading.match.route)
        finish(Refusals.tooLarge(limit: front.limits.bodyBytes), keepAlive: false, drain: true)
    }

    func answer(_ head: RequestHead, _ route: Route) {
        phase = .answering
        answeringHead = head
        answeringRoute = route
        setDeadline(in: nil)
    }

    func dispatch(_ reading: Reading) {
        answer(reading.head, reading.match.route)
        if let refusal = reading.refusal {
            respond(refusal)
            return
        }
        let head = reading.head
        if head.method == .options {
            respond(Refusals.options(reading.match.route))
            return
        }
        let request = FrontRequest(
            route: reading.match.route, parameter: reading.match.parameter ?? "",
            secondParameter: reading.match.secondParameter ?? "", query: head.query, head: head,
            body: reading.body, client: clientAddress(head),
            isSecure: isSecure(head), origin: reading.match.route.isGated ? origin : nil)
        if !front.hot.contains(where: { $0.respond(to: request, on: self) }) { handOver(request) }
    }

    /// Asked for on the gate's routes only: the relay's own have no use for it.
    private var origin: ConnectionOrigin {
        // Whoever isn't in the tailnet's range doesn't come by it.
        let isTailnet = peer?.isTailnet == true
        return ConnectionOrigin(
            peer: peer, peerPort: context?.channel.remoteAddress?.port ?? 0,
            local: IPAddress(context?.channel.localAddress),
            interface: isTailnet ? context.flatMap { IncomingInterface.index(of: $0.channel) } : nil,
            listener: listener)
    }

    private func redirectTarget(_ head: RequestHead) -> String? {
        guard let redirect = front.options.redirect, !head.hasSeveralHosts else { return nil }
        return redirect.target(head, trustsPeer: peer.map { front.proxies.trusts($0, hop: 0) } ?? true)
    }

    func clientAddress(_ head: RequestHead) -> IPAddress {
        // A Unix socket has no address; whoever can open it is on this machine.
        let peer = peer ?? .loopback
        guard head.isForwarded else { return peer }
        if front.options.trustsCloudflare, front.proxies.namesPeer(peer),
            let named = head.first("cf-connecting-ip").flatMap({ IPAddress($0) })
        {
            return named
        }
        let forwarded = head.values("x-forwarded-for")
        return forwarded.isEmpty ? peer : front.proxies.client(peer: peer, forwarded: forwarded)
    }

    private func isSecure(_ head: RequestHead) -> Bool {
        guard head.isForwarded, let scheme = head.first("x-forwarded-proto") else { return false }
        return scheme.lowercased() == "https" && front.proxies.trusts(peer ?? .loopback, hop: 0)
    }

    private func handOver(_ request: FrontRequest) {
        let cold = front.cold
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        loop.eventLoop.makeFutureWithTask { await cold.respond(to: request) }.whenSuccess { response in
            bound.value.respond(response)
        }
    }
}
