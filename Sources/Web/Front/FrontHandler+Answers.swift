public import NIOCore
import NIOHTTP1
public import SignalboxMetrics

/// Answers: how a response leaves, is counted, and makes way for the next request.
extension FrontHandler {
    /// Whether the connection can stay open after the present response.
    public var keepsAlive: Bool {
        guard let head = answeringHead, !quiescing else { return false }
        // A client that has said all it will say is still owed the answers to what it has pipelined.
        guard !inputClosed || !pipelined.isEmpty else { return false }
        return head.keepsAlive
    }

    /// Sends the response to the present request, counts it, and goes on with the next one.
    public func respond(_ response: FrontResponse) {
        finish(response, keepAlive: keepsAlive, drain: false)
    }

    /// Sends a response that was laid out before, for a connection that ``keepsAlive`` and speaks HTTP/1.1.
    /// - Parameter status: what to count it as.
    public func respond(prebuilt bytes: ByteBuffer, status: StatusClass) {
        guard case .answering = phase else { return }
        append(answer: bytes)
        next(finished(status, code: 200))
    }

    /// Sends a JSON answer of status 200: what almost every hot request gets. The same bytes as the general way,
    /// without a header being written that is the same for every answer of the second.
    public func respond(json body: ByteBuffer) {
        guard case .answering = phase, keepsAlive, answeringHead?.method != .head else {
            return respond(.json(body))
        }
        append(answer: loop.jsonAnswer(body))
        next(finished(.success, code: 200))
    }

    /// The Date header's value now.
    public var date: String { loop.date }

    func finish(_ response: FrontResponse, keepAlive: Bool, drain: Bool) {
        guard case .answering = phase, let context else { return }
        var bytes = context.channel.allocator.buffer(capacity: 0)
        ResponseBytes.encode(
            response, date: loop.date, keepAlive: keepAlive, omitBody: answeringHead?.method == .head,
            into: &bytes)
        append(answer: bytes)
        let code = Int(response.status.code)
        let now = finished(StatusClass(status: code), code: code)
        if keepAlive { next(now) } else { closeAfterFlush(drain: drain) }
    }

    /// Counts the present request's answer; when that was.
    private func finished(_ status: StatusClass, code: Int) -> NIODeadline {
        let meter = front.meter
        let now = NIODeadline.now()
        meter.add(.requests(answeringRoute, status))
        let nanoseconds = (now - startedAt).nanoseconds
        if !answeringRoute.isStream {
            meter.observe(.requestDuration(answeringRoute.group), nanoseconds: UInt64(max(0, nanoseconds)))
        }
        logAccess(code, nanoseconds)
        if answeringRoute.isPage, (200..<400).contains(code) { countVisit() }
        parked = nil
        answeringHead = nil
        return now
    }

    func logAccess(_ code: Int, _ nanoseconds: Int64) {
        guard let log = front.options.accessLog, let head = answeringHead else { return }
        log.request(head.method, answeringRoute, status: code, nanoseconds: nanoseconds)
    }

    private func next(_ now: NIODeadline) {
        phase = .idle
        loop.setDeadline(now + front.limits.keepAlive, of: self)
        // Inside a read the flush comes once, at its end; a parked or cold answer goes out now.
        if isReadingFromSocket, !owesMuch { wantsFlush = true } else { flush() }
        takePipelined()
    }

    /// Whether the next part of a request can be looked at: one request at a time, and none while the
    /// client doesn't take what it was answered, or answers would pile up without bound.
    var canTake: Bool {
        switch phase {
        case .idle: isWritable
        case .reading: true
        default: false
        }
    }

    /// Goes on with what waited. An answer given at once comes back here; a loop serves it, for a recursion
    /// would let a client choose the depth of the stack.
    func takePipelined() {
        guard !isTakingPipelined else { return }
        isTakingPipelined = true
        while canTake, let part = pipelined.popFirst() { take(part) }
        isTakingPipelined = false
        guard pipelined.isEmpty else { return }
        if inputClosed { endAfterInput() }
        if readHeld, !holdsReads {
            readHeld = false
            context?.read()
        }
    }

    /// The client sends no more and nothing of it waits: send what is left and close.
    func endAfterInput() {
        switch phase {
        case .idle, .reading: closeAfterFlush(drain: false)
        default: break
        }
    }

    /// Sends what is left and closes. With `drain`, input is still read for a moment, since closing with
    /// unread input would reset the connection and the client might never see the answer.
    func closeAfterFlush(drain: Bool) {
        guard let context else { return }
        wantsFlush = false
        phase = .draining
        pipelined.removeAll()
        flush()
        if drain {
            context.close(mode: .output, promise: nil)
            setDeadline(in: .seconds(2))
        } else {
            setDeadline(in: front.limits.keepAlive)
            context.writeAndFlush(NIOAny(ByteBuffer())).whenComplete { [channel = context.channel] _ in
                channel.close(promise: nil)
            }
        }
    }

    func drained() {
        drainedReads += 1
        // A client that goes on sending after its refusal has had its answer: some hundred reads are enough.
        if drainedReads > 512 { closeNow() }
    }

    /// Keeps the present request open until something happens.
    /// - Parameter timeout: when ``ParkedRequest/timedOut()`` is called.
    public func park(_ request: any ParkedRequest, timeout: TimeAmount) {
        parked = request
        answeringHead = answeringHead?.forgotten
        setDeadline(in: timeout)
        // A parked request produces no bytes now, but an earlier pipelined answer may be waiting.
        if !isReadingFromSocket { flush() }
    }
}
