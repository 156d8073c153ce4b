public import NIOCore
import NIOHTTP1
import NIOWebSocket
public import SignalboxMetrics

/// Streams: what a connection offers once it is no longer a series of requests.
extension FrontHandler {
    /// Turns the connection into an event stream: sends the head, takes what reads requests out, and writes
    /// frames past any encoder from then on.
    ///
    /// Where the connection has gone meanwhile, the stream is told that it is closed.
    /// - Parameter chunked: HTTP/1.1 framing; otherwise the stream ends with the connection.
    public func startEventStream(_ stream: any ConnectionStream, chunked: Bool) {
        guard case .answering = phase, let context else { return stream.closed(.client) }
        var head = context.channel.allocator.buffer(capacity: 768)
        ResponseBytes.head(.ok, date: date, into: &head)
        head.writeHeader("Content-Type", "text/event-stream")
        head.writeHeader(
            "Cache-Control", answeringRoute.isGated ? "no-store, no-transform" : "no-cache, no-transform")
        head.writeHeader("X-Accel-Buffering", "no")
        if chunked {
            head.writeHeader("Connection", "keep-alive")
            head.writeHeader("Transfer-Encoding", "chunked")
        } else {
            head.writeHeader("Connection", "close")
        }
        head.writeStaticString("\r\n")
        front.meter.add(.requests(answeringRoute, .success))
        logAccess(200, (NIODeadline.now() - startedAt).nanoseconds)
        phase = .eventStream(stream)
        answeringHead = nil
        setDeadline(in: nil)
        boundKernelQueue()
        write(head)
        removeReaders(context)
        stream.started()
        // What happened while its answer was worked out.
        if quiescing { stream.shutDown() } else if inputClosed { context.close(promise: nil) }
    }

    /// Turns the connection into a WebSocket. A handshake that lacks something is refused with 400.
    /// - Parameters:
    ///   - maxFrameBytes: ceiling of a message in bytes; more closes with 1009.
    ///   - make: called once the handshake's answer is written, to make what lives on the socket; nil
    ///     refuses, after what it wrote the connection is closed.
    public func startWebSocket(
        _ request: FrontRequest, maxFrameBytes: Int, make: @escaping (FrontHandler) -> (any ConnectionStream)?
    ) {
        guard case .answering = phase, let context else { return }
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: maxFrameBytes,
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
        let bound = NIOLoopBound((self, make), eventLoop: loop.eventLoop)
        upgrader.buildUpgradeResponse(
            channel: context.channel, upgradeRequest: request.head.decoded, initialResponseHeaders: [:]
        ).whenComplete { result in
            let (handler, make) = bound.value
            switch result {
            case .success(let headers): handler.upgrade(headers, maxFrameBytes, make)
            case .failure: handler.respond(Refusals.badHandshake)
            }
        }
    }

    private func upgrade(
        _ headers: HTTPHeaders, _ maxFrameBytes: Int, _ make: (FrontHandler) -> (any ConnectionStream)?
    ) {
        guard case .answering = phase, let context else { return }
        var head = context.channel.allocator.buffer(capacity: 512)
        ResponseBytes.head(.switchingProtocols, date: date, into: &head)
        for (name, value) in headers { head.writeHeader(name, value) }
        head.writeStaticString("\r\n")
        write(head)
        logAccess(101, (NIODeadline.now() - startedAt).nanoseconds)
        setDeadline(in: nil)
        guard let stream = make(self) else { return closeAfterFlush(drain: true) }
        phase = .webSocket(stream)
        answeringHead = nil
        boundKernelQueue()
        do {
            // Right behind this handler, in the order frames travel.
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(
                ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: maxFrameBytes)),
                position: .after(self))
            let messages = WebSocketMessages(stream: stream, connection: self, maxBytes: maxFrameBytes)
            try pipeline.addHandler(messages, position: .last)
            removeReaders(context)
            stream.started()
            flush()
        } catch {
            context.close(promise: nil)
        }
    }

    private func removeReaders(_ context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        for name in [PlainRequests.name, Self.decoderName] {
            guard let reader = try? pipeline.context(name: name) else { continue }
            _ = pipeline.removeHandler(context: reader)
        }
    }

    /// Whether the connection is a WebSocket that nobody has closed yet.
    var isWebSocket: Bool {
        if case .webSocket = phase { return true }
        return false
    }

    /// The loop this connection lives on.
    public var eventLoop: any EventLoop { loop.eventLoop }

    /// Ends the stream after what was queued is sent, giving the socket two seconds for it.
    /// - Parameter reason: what the stream is told and the count goes to.
    public func closeStream(_ reason: DisconnectReason) {
        ended(reason)
        guard let channel = context?.channel else { return }
        // With input unread, closing would reset the connection, and the peer might never see why it ends: so
        // we only say that we have said all, and close when it has, too. A shutdown doesn't wait for that.
        let mode: CloseMode = reason == .shutdown ? .all : .output
        flush()
        context?.writeAndFlush(NIOAny(ByteBuffer())).whenComplete { _ in
            channel.close(mode: mode, promise: nil)
        }
        channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
    }

    /// Drops the connection without sending what is queued.
    public func abortStream(_ reason: DisconnectReason) {
        if reason == .slow { forgetKernelQueue() }
        ended(reason)
        context?.close(promise: nil)
    }
}
