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
