public import NIOCore
import NIOExtras
import NIOHTTP1
import SignalboxMetrics

/// What happens to a connection besides requests: deadlines, a full socket, half-close, shutdown, errors.
extension FrontHandler {
    /// Asks for a call after `delay`; nil asks for none. There is one deadline at a time.
    public func setDeadline(in delay: TimeAmount?) {
        loop.setDeadline(delay.map { .now() + $0 }, of: self)
    }

    func deadlineReached() {
        switch phase {
        case .idle, .draining: closeNow()
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
            default: takePipelined()
            }
        }
        context.fireChannelWritabilityChanged()
    }

    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            inputClosed = true
            switch phase {
            case .idle, .reading: if pipelined.isEmpty { endAfterInput() }
            // What is queued still goes out; the deadline ends a client that doesn't take it.
            case .draining: if queuedBytes == 0 { closeNow() }
            case .eventStream, .webSocket: closeNow()
            // A client may half-close after its request and still read the answer; one that is parked can
            // only have left.
            case .answering: if parked != nil { closeNow() }
            case .closed: closeNow()
            }
        case is ChannelShouldQuiesceEvent:
            quiescing = true
            switch phase {
            // An answer may still be on its way.
            case .idle: closeAfterFlush(drain: false)
            case .answering: parked?.shutDown()
            case .eventStream(let stream), .webSocket(let stream): stream.shutDown()
            case .reading, .draining, .closed: break
            }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Bytes that end in the middle of a request are a client that left, not one that can't speak.
        guard let parserError = error as? HTTPParserError, parserError != .invalidEOFState else {
            if case .draining = phase, queuedBytes > 0 { return }
            closeNow()
            return
        }
        front.meter.add(.malformedRequests)
        switch phase {
        case .idle where pipelined.isEmpty, .reading where pipelined.isEmpty:
            phase = .answering
            answeringHead = nil
            answeringRoute = .unmatched
            startedAt = .now()
            finish(Refusals.malformed(parserError), keepAlive: false, drain: true)
        // What came before the broken bytes is owed its answer; then the connection ends.
        default: inputClosed = true
        }
    }
}
