import NIOCore
import NIOHTTP1

/// The first handler of a fresh connection: hands plain requests to the front handler as they come, and gives the
/// connection to NIO's decoder with the first one that isn't plain.
final class PlainRequests: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    static let name = "signalbox.plain"
    /// A head that comes in more pieces than that is the decoder's, which looks at each byte once.
    private static let piecesMax = 8

    // The pipeline holds both handlers and lets go of both at once.
    private unowned let connection: FrontHandler
    private var piece = ByteBuffer()
    private var pieces = 0
    private var isDecoding = false

    init(connection: FrontHandler) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDecoding else { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        if pieces > 0 {
            piece.writeImmutableBuffer(bytes)
            bytes = piece
            piece = ByteBuffer()
        }
        switch connection.take(plain: &bytes) {
        case .taken: pieces = 0
        case .incomplete where pieces < Self.piecesMax:
            pieces += 1
            // A copy: what is kept would keep the whole buffer that it was read into.
            piece = ByteBuffer(bytes: bytes.readableBytesView)
        case .incomplete, .unusual: decode(bytes, context)
        }
    }

    /// Before the decoder hears of it, which may find at the end that something was wrong and have it answered: by
    /// then the socket's number may be another connection's.
    func channelInactive(context: ChannelHandlerContext) {
        connection.leaveSocket()
        context.fireChannelInactive()
    }

    private func decode(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        isDecoding = true
        do {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(
                connection.makeDecoder(), name: FrontHandler.decoderName, position: .after(self))
            context.fireChannelRead(wrapInboundOut(bytes))
        } catch {
            connection.closeNow()
        }
    }
}
