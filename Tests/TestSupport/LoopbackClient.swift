import NIOConcurrencyHelpers
public import NIOCore
import NIOPosix

/// A TCP client that sends what a test says, byte for byte, and waits for what comes back.
///
/// Every wait ends by what arrives, at the latest after ``patience``.
public final class LoopbackClient: Sendable {
    /// Nothing a test waits for takes this long; a test that does would hang otherwise.
    private static let patience = TimeAmount.seconds(20)

    /// What was waited for didn't come.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    private final class Inbox: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        struct State {
            var bytes = ByteBuffer()
            var isEnded = false
            /// Looks at the state after each change; true when it is done.
            var waiting: (@Sendable (inout State) -> Bool)?
        }
        let state = NIOLockedValueBox(State())

        func change(_ body: (inout State) -> Void) {
            state.withLockedValue { state in
                body(&state)
                guard let waiting = state.waiting else { return }
                state.waiting = nil
                if !waiting(&state) { state.waiting = waiting }
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            change { $0.bytes.writeImmutableBuffer(bytes) }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .inputClosed? = event as? ChannelEvent { change { $0.isEnded = true } }
            context.fireUserInboundEventTriggered(event)
        }

        func channelInactive(context: ChannelHandlerContext) { change { $0.isEnded = true } }

        // A reset ends the connection; what had come before still counts.
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let channel: any Channel
    private let inbox: Inbox

    private init(channel: any Channel, inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    /// Connects to 127.0.0.1.
    /// - Parameter receiveBuffer: bytes the kernel may hold for a client that doesn't read.
    public static func connect(port: Int, receiveBuffer: Int? = nil) async throws -> LoopbackClient {
        let inbox = Inbox()
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(inbox)
                }
            }
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(
                .socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        let channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
        return LoopbackClient(channel: channel, inbox: inbox)
    }

    public func send(_ text: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text)).get()
    }

    public func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// Says that nothing more will be sent; answers are still read.
    public func closeOutput() async throws { try await channel.close(mode: .output).get() }

    public func close() async { try? await channel.close().get() }

    /// Stops or starts reading from the socket.
    public func setReading(_ reads: Bool) async throws {
        try await channel.setOption(.autoRead, value: reads).get()
    }

    /// The next response.
    /// - Parameter hasBody: false for the answer to a HEAD.
    public func reply(hasBody: Bool = true) async throws -> HTTPReply {
        try await next("a response") { bytes, _ in try HTTPReply.take(from: &bytes, hasBody: hasBody) }
    }

    /// Sends a request and waits for its response.
    public func ask(_ request: String, hasBody: Bool = true) async throws -> HTTPReply {
        try await send(request)
        return try await reply(hasBody: hasBody)
    }

    /// All that is left until the server ends the connection.
    public func rest() async throws -> String {
        try await next("the end of the connection") { bytes, isEnded in
            isEnded ? bytes.readString(length: bytes.readableBytes) ?? "" : nil
        }
    }

    /// The next `count` bytes as they are.
    public func take(_ count: Int) async throws -> String {
        try await next("\(count) bytes") { bytes, _ in bytes.readString(length: count) }
    }

    /// Waits for something at the front of what has come.
    /// - Parameters:
    ///   - what: named when it doesn't come.
    ///   - find: takes it off the bytes; nil while it isn't there.
    public func next<T: Sendable>(
        _ what: String, _ find: @escaping @Sendable (inout ByteBuffer, _ isEnded: Bool) throws -> T?
    ) async throws -> T {
        let promise = channel.eventLoop.makePromise(of: T.self)
        let timeout = channel.eventLoop.scheduleTask(in: Self.patience) {
            promise.fail(Missing(description: "\(what) didn't come in time"))
        }
        inbox.change { state in
            state.waiting = { state in
                do {
                    if let found = try find(&state.bytes, state.isEnded) {
                        promise.succeed(found)
                    } else if state.isEnded {
                        let left = String(buffer: state.bytes).prefix(300)
                        promise.fail(
                            Missing(description: "the connection ended before \(what); left: \(left)"))
                    } else {
                        return false
                    }
                } catch {
                    promise.fail(error)
                }
                return true
            }
        }
        defer { timeout.cancel() }
        return try await promise.futureResult.get()
    }
}
