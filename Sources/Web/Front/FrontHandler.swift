public import NIOCore
import NIOExtras
public import NIOHTTP1
public import SignalboxMetrics

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
        let head: HTTPRequestHead
        let match: RouteTable.Match
        var body = ByteBuffer()
        /// The answer is known already; the body only has to be read past.
        var refusal: FrontResponse?
    }

    let front: Front
    let loop: FrontLoop
    var loopIndex = -1
    var phase = Phase.idle
    private(set) var context: ChannelHandlerContext?
    private var peer: IPAddress?
    private var pipelined: [HTTPServerRequestPart] = []
    private var parked: (any ParkedRequest)?
    private var answeringHead: HTTPRequestHead?
    private var answeringRoute = Route.unmatched
    private var startedAt = NIODeadline.now()
    private var isReadingFromSocket = false
    private var wantsFlush = false
    private var readHeld = false
    private var inputClosed = false
    private var quiescing = false
    var drainedBytes = 0

    init(front: Front, loop: FrontLoop) {
        self.front = front
        self.loop = loop
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
        loop.add(self)
        setDeadline(in: front.limits.requestTime)
    }

    public func channelInactive(context: ChannelHandlerContext) {
        ended(.client)
        context.fireChannelInactive()
    }

    /// Tells whoever lives on the connection that it is gone; later calls do nothing.
    func ended(_ reason: DisconnectReason) {
        loop.remove(self)
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
        case .draining: drained(data)
        case .idle, .reading, .answering:
            isReadingFromSocket = true
            let part = unwrapInboundIn(data)
            if case .answering = phase { pipelined.append(part) } else { take(part) }
        }
    }

    public func channelReadComplete(context: ChannelHandlerContext) {
        isReadingFromSocket = false
        if wantsFlush {
            wantsFlush = false
            context.flush()
        }
        context.fireChannelReadComplete()
    }

    /// Stops reading while pipelined requests wait, so that a client can't make us hold more than one
    /// socket buffer of them.
    public func read(context: ChannelHandlerContext) {
        if case .answering = phase, !pipelined.isEmpty {
            readHeld = true
        } else {
            context.read()
        }
    }

    private func take(_ part: HTTPServerRequestPart) {
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
        let match = RouteTable.match(path)
        front.meter.add(.requestMethods(Method(head.method)))
        var reading = Reading(head: head, match: match)
        reading.refusal = Refusals.early(head, match)
        phase = .reading(reading)
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }),
            length > front.limits.bodyBytes
        {
            refuseBody(reading)
        } else if reading.refusal == nil, head.headers.first(name: "expect")?.lowercased() == "100-continue" {
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

    private func refuseBody(_ reading: Reading) {
        answer(reading.head, reading.match.route)
        finish(Refusals.tooLarge(limit: front.limits.bodyBytes), keepAlive: false, drain: true)
    }

    private func answer(_ head: HTTPRequestHead, _ route: Route) {
        phase = .answering
        answeringHead = head
        answeringRoute = route
        setDeadline(in: nil)
    }

    private func dispatch(_ reading: Reading) {
        answer(reading.head, reading.match.route)
        if let refusal = reading.refusal {
            respond(refusal)
            return
        }
        let head = reading.head
        let method = Method(head.method)
        if method == .options {
            respond(Refusals.options(reading.match.route))
            return
        }
        let request = FrontRequest(
            route: reading.match.route, method: method, parameter: reading.match.parameter ?? "",
            query: RequestTarget.query(head.uri), head: head, body: reading.body, client: clientAddress(head),
            isSecure: isSecure(head))
        if !front.hot.respond(to: request, on: self) { handOver(request) }
    }

    private func clientAddress(_ head: HTTPRequestHead) -> IPAddress {
        // A Unix socket has no address; whoever can open it is on this machine.
        guard let peer else { return IPAddress(high: 0, low: 1) }
        let forwarded = head.headers["x-forwarded-for"]
        return forwarded.isEmpty ? peer : front.proxies.client(peer: peer, forwarded: forwarded)
    }

    private func isSecure(_ head: HTTPRequestHead) -> Bool {
        guard let scheme = head.headers.first(name: "x-forwarded-proto"), let peer else { return false }
        return scheme.lowercased() == "https" && front.proxies.trusts(peer, hop: 0)
    }

    private func handOver(_ request: FrontRequest) {
        let cold = front.cold
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        loop.eventLoop.makeFutureWithTask { await cold.respond(to: request) }.whenSuccess { response in
            bound.value.respond(response)
        }
    }

    // MARK: Answering

    /// Whether the connection can stay open after the present response.
    public var keepsAlive: Bool {
        guard let head = answeringHead, !inputClosed, !quiescing else { return false }
        // The decoder stops at an Upgrade it saw; a declined one ends the connection.
        return head.isKeepAlive && !head.headers.contains(name: "upgrade")
    }

    /// Sends the response to the present request, counts it, and goes on with the next one.
    public func respond(_ response: FrontResponse) {
        finish(response, keepAlive: keepsAlive, drain: false)
    }

    /// Sends a response that was laid out before, for a connection that ``keepsAlive`` and speaks HTTP/1.1.
    /// - Parameter status: what to count it as.
    public func respond(prebuilt bytes: ByteBuffer, status: StatusClass) {
        guard case .answering = phase else { return }
        write(bytes)
        finished(status)
        next()
    }

    /// The Date header's value now.
    public var date: String { loop.date }

    func finish(_ response: FrontResponse, keepAlive: Bool, drain: Bool) {
        guard case .answering = phase, let context else { return }
        var bytes = context.channel.allocator.buffer(capacity: 0)
        ResponseBytes.encode(
            response, date: loop.date, keepAlive: keepAlive, omitBody: answeringHead?.method == .HEAD,
            into: &bytes)
        write(bytes)
        finished(StatusClass(status: Int(response.status.code)))
        if keepAlive { next() } else { closeAfterFlush(drain: drain) }
    }

    private func finished(_ status: StatusClass) {
        let meter = front.meter
        meter.add(.requests(answeringRoute, status))
        if !answeringRoute.isStream {
            let nanoseconds = (NIODeadline.now() - startedAt).nanoseconds
            meter.observe(.requestDuration(answeringRoute.group), nanoseconds: UInt64(max(0, nanoseconds)))
        }
        parked = nil
        answeringHead = nil
    }

    private func next() {
        phase = .idle
        setDeadline(in: front.limits.keepAlive)
        // Inside a read the flush comes once, at its end; a parked or cold answer goes out now.
        if isReadingFromSocket { wantsFlush = true } else { flush() }
        while case .idle = phase, !pipelined.isEmpty { takePipelined() }
        if inputClosed, case .idle = phase { closeAfterFlush(drain: false) }
        if readHeld, pipelined.isEmpty {
            readHeld = false
            context?.read()
        }
    }

    private func takePipelined() {
        while !pipelined.isEmpty {
            if case .answering = phase { return }
            if case .draining = phase { return pipelined.removeAll() }
            take(pipelined.removeFirst())
        }
    }

    /// Sends what is left and closes. With `drain`, input is still read for a moment, since closing with
    /// unread input would reset the connection and the client might never see the answer.
    func closeAfterFlush(drain: Bool) {
        guard let context else { return }
        wantsFlush = false
        if drain {
            phase = .draining
            context.flush()
            context.close(mode: .output, promise: nil)
            setDeadline(in: .seconds(2))
        } else {
            phase = .draining
            context.writeAndFlush(NIOAny(ByteBuffer())).whenComplete { [channel = context.channel] _ in
                channel.close(promise: nil)
            }
        }
    }

    private func drained(_ data: NIOAny) {
        drainedBytes += 1
        // A client that goes on sending after its refusal has had its answer: some hundred reads are enough.
        if drainedBytes > 512 { context?.close(promise: nil) }
    }

    /// Keeps the present request open until something happens.
    /// - Parameter timeout: when ``ParkedRequest/timedOut()`` is called.
    public func park(_ request: any ParkedRequest, timeout: TimeAmount) {
        parked = request
        setDeadline(in: timeout)
        // A parked request produces no bytes now, but an earlier pipelined answer may be waiting.
        if !isReadingFromSocket { flush() }
    }

    // MARK: Deadlines, shutdown, errors

    /// Asks for a call after `delay`; nil asks for none. There is one deadline at a time.
    public func setDeadline(in delay: TimeAmount?) {
        loop.setDeadline(delay.map { .now() + $0 }, of: self)
    }

    func deadlineReached() {
        switch phase {
        case .idle, .draining: context?.close(promise: nil)
        case .reading(let reading):
            answer(reading.head, reading.match.route)
            finish(Refusals.requestTimeout, keepAlive: false, drain: true)
        case .answering: parked?.timedOut()
        case .eventStream(let stream), .webSocket(let stream): stream.deadlineReached()
        case .closed: break
        }
    }

    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            switch phase {
            case .eventStream(let stream), .webSocket(let stream): stream.becameWritable()
            default: break
            }
        }
        context.fireChannelWritabilityChanged()
    }

    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            inputClosed = true
            switch phase {
            case .idle, .draining, .reading, .eventStream, .webSocket: context.close(promise: nil)
            // A client may half-close after its request and still read the answer; one that is parked can
            // only have left.
            case .answering: if parked != nil { context.close(promise: nil) }
            case .closed: break
            }
        case is ChannelShouldQuiesceEvent:
            quiescing = true
            switch phase {
            case .idle: context.close(promise: nil)
            case .answering: parked?.shutDown()
            case .eventStream(let stream), .webSocket(let stream): stream.shutDown()
            case .reading, .draining, .closed: break
            }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch phase {
        case .idle, .reading:
            guard let parserError = error as? HTTPParserError else { fallthrough }
            front.meter.add(.malformedRequests)
            phase = .answering
            answeringHead = nil
            answeringRoute = .unmatched
            startedAt = .now()
            finish(Refusals.malformed(parserError), keepAlive: false, drain: true)
        case .answering where error is HTTPParserError:
            // What was pipelined behind the present request is broken: answer this one, then close.
            inputClosed = true
        case .webSocket: break
        default: context.close(promise: nil)
        }
    }
}
