import Foundation
import NIOCore
import NIOWebSocket

/// Posts over a WebSocket. The relay acknowledges nothing there: the message comes back like everyone's,
/// and its nonce tells which one it is.
struct WebSocketPostingLine: PostingLine {
    private let channel: any Channel
    // Checked at run time: the handler is only reached on its channel's event loop.
    private let handler: NIOLoopBound<EchoHandler>

    static func open(_ address: RelayAddress, room: DemoRoom, name: String) async throws
        -> WebSocketPostingLine
    {
        let line = try await WebSocketUpgrade.open(
            address, route: room.route("ws?after=\(room.lastSeq)"), visitor: .agent
        ) { channel in
            let handler = EchoHandler()
            try channel.pipeline.syncOperations.addHandler(handler)
            return WebSocketPostingLine(
                channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
        }
        line.channel.writeAndFlush(
            WebSocketFrame.masked(.text, #"{"type":"hello","name":"\#(name)"}"#.utf8), promise: nil)
        return line
    }

    var isOpen: Bool { channel.isActive }

    func post(_ posting: Posting) async throws -> Receipt {
        let text = try posting.json()
        return try await withTaskCancellationHandler {
            let eventLoop = channel.eventLoop
            return try await eventLoop.flatSubmit {
                handler.value.post(text, nonce: posting.nonce, on: eventLoop)
            }.get()
        } onCancel: {
            close()
        }
    }

    func close() {
        channel.close(promise: nil)
    }
}

/// Sends one message at a time and waits for the room to send it back. Lives on its channel's event loop.
private final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private struct Pending {
        let nonce: String
        let receipt: EventLoopPromise<Receipt>
        let limit: Scheduled<Void>
    }

    private var context: ChannelHandlerContext?
    private var pending: Pending?

    func post(_ text: Data, nonce: String, on eventLoop: any EventLoop) -> EventLoopFuture<Receipt> {
        guard let context, context.channel.isActive, pending == nil else {
            return eventLoop.makeFailedFuture(RelayError.unreachable("the WebSocket is closed"))
        }
        let receipt = eventLoop.makePromise(of: Receipt.self)
        let limit = eventLoop.assumeIsolated().scheduleTask(in: .seconds(10)) {
            self.giveUp(RelayError.lost("the message did not come back in time"))
        }
        pending = Pending(nonce: nonce, receipt: receipt, limit: limit)
        send(.masked(.text, text), context)
        return receipt.futureResult
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        giveUp(RelayError.lost("closed by the server"))
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        giveUp(RelayError.lost("closed by the server"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        giveUp(RelayError.lost("\(error)"))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        let bytes = frame.unmaskedData.readableBytesView
        switch frame.opcode {
        case .text:
            do { try take(Envelope(json: Data(bytes))) } catch { giveUp(error) }
        case .ping:
            send(.masked(.pong, bytes), context)
        case .connectionClose:
            send(.masked(.connectionClose, bytes), context)
            giveUp(RelayError.lost("closed by the server"))
        default:
            break
        }
    }

    private func take(_ envelope: Envelope) throws {
        guard let pending else { return }
        if let refusal = envelope.refusal {
            // A refused message leaves the WebSocket open; the next try goes over it.
            clear()
            pending.receipt.fail(refusal)
        } else if let message = envelope.message, message.sealed.nonce == pending.nonce {
            clear()
            pending.receipt.succeed(Receipt(id: message.id, seq: message.seq))
        }
    }

    private func send(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    private func clear() {
        pending?.limit.cancel()
        pending = nil
    }

    private func giveUp(_ error: any Error) {
        let receipt = pending?.receipt
        clear()
        context?.close(promise: nil)
        receipt?.fail(error)
    }
}
