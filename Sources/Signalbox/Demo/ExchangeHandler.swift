import NIOCore
import NIOHTTP1

/// Sends one request at a time over a connection and puts its response together.
///
/// It lives on its channel's event loop; the time limit of an exchange is a task of that loop.
final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// More than the longest page of /wait.
    private static let bodyCeiling = 16 << 20

    private let address: RelayAddress
    private var context: ChannelHandlerContext?
    private var answer: EventLoopPromise<RelayResponse>?
    private var limit: Scheduled<Void>?
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()

    init(address: RelayAddress) {
        self.address = address
    }

    /// Sends `request`; the future fails when no whole answer is there within `time`.
    func exchange(
        _ request: RelayRequest, within time: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<RelayResponse> {
        guard let context, context.channel.isActive, answer == nil else {
            return eventLoop.makeFailedFuture(RelayError.unreachable("the connection is closed"))
        }
        let promise = eventLoop.makePromise(of: RelayResponse.self)
        answer = promise
        limit = eventLoop.assumeIsolated().scheduleTask(in: time) { self.giveUp("no answer in time") }
        context.write(wrapOutboundOut(.head(request.head(for: address))), promise: nil)
        if let bytes = request.body {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        return promise.futureResult
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        giveUp("closed by the server")
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        giveUp("closed by the server")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        giveUp("\(error)")
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var bytes):
            body.writeBuffer(&bytes)
            if body.readableBytes > Self.bodyCeiling { giveUp("the answer is too long") }
        case .end:
            finish(context)
        }
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard let head, let answer else { return giveUp("an answer nobody asked for") }
        let response = RelayResponse(head: head, body: body)
        limit?.cancel()
        (self.head, self.answer, limit) = (nil, nil, nil)
        // Closed before the answer is handed on, so that nobody sends a second request into it.
        if !head.isKeepAlive { context.close(promise: nil) }
        answer.succeed(response)
    }

    private func giveUp(_ reason: String) {
        limit?.cancel()
        limit = nil
        let pending = answer
        answer = nil
        context?.close(promise: nil)
        pending?.fail(RelayError.lost(reason))
    }
}
