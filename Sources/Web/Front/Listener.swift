import Foundation
public import Logging
public import NIOCore
import NIOExtras
public import NIOPosix
public import ServiceLifecycle

/// Listens on one address and gives every connection to the front. At shutdown it stops accepting, tells
/// every connection, and waits a moment for them.
public struct Listener: Service {
    /// Where to listen.
    public enum Place: Sendable {
        case address(host: String, port: Int)
        /// A Unix socket, made anew, for its owner alone.
        case socket(path: String)
    }

    private let front: Front
    private let place: Place
    private let kind: ListenerKind
    private let group: MultiThreadedEventLoopGroup
    private let logger: Logger
    private let onListening: @Sendable (SocketAddress?) -> Void

    /// How long connections get to end by themselves at shutdown.
    private static let grace = Duration.milliseconds(2_500)

    public init(
        front: Front, at place: Place, kind: ListenerKind = .open, group: MultiThreadedEventLoopGroup,
        logger: Logger, onListening: @escaping @Sendable (SocketAddress?) -> Void
    ) {
        self.front = front
        self.place = place
        self.kind = kind
        self.group = group
        self.logger = logger
        self.onListening = onListening
    }

    public func run() async throws {
        let quiescing = ServerQuiescingHelper(group: group)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = quiescing.makeServerChannelHandler(channel: channel)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    try channel.pipeline.syncOperations.addHandler(AcceptErrors(logger: logger))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // A channel keeps the buffer of its last read: most connections wait for something and never read again.
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1_024, maximum: 65_536)
            )
            .childChannelInitializer { [kind] in front.setUp($0, listener: kind) }
        let server = try await bind(bootstrap)
        onListening(server.localAddress)
        try? await gracefulShutdown()
        let done = server.eventLoop.makePromise(of: Void.self)
        quiescing.initiateShutdown(promise: done)
        await withTaskGroup(of: Void.self) { waiting in
            waiting.addTask { try? await done.futureResult.get() }
            waiting.addTask { try? await Task.sleep(for: Self.grace) }
            await waiting.next()
            // Who hasn't gone by now is cut off with the process.
            done.succeed()
            waiting.cancelAll()
        }
    }

    private func bind(_ bootstrap: ServerBootstrap) async throws -> any Channel {
        switch place {
        case .address(let host, let port):
            return try await bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .bind(host: host, port: port).get()
        case .socket(let path):
            // Whoever can connect is believed: its owner and root alone, from its first moment on.
            let mask = umask(0o177)
            defer { umask(mask) }
            return try await bootstrap.bind(
                unixDomainSocketPath: path, cleanupExistingSocketFile: true
            ).get()
        }
    }
}

/// Accepting can fail for want of descriptors; the socket must go on listening and say so.
private final class AcceptErrors: ChannelInboundHandler {
    typealias InboundIn = any Channel
    private let logger: Logger
    private var lastLogged = NIODeadline.uptimeNanoseconds(0)

    init(logger: Logger) { self.logger = logger }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // At the limit every accept fails: pause, or the loop would spin, and say so once a second.
        let channel = context.channel
        channel.setOption(.autoRead, value: false).whenComplete { _ in
            channel.eventLoop.scheduleTask(in: .milliseconds(100)) {
                channel.setOption(.autoRead, value: true)
            }
        }
        if NIODeadline.now() - lastLogged > .seconds(1) {
            lastLogged = .now()
            logger.warning(
                "A connection could not be accepted: \(error). Raise the descriptor limit (ulimit -n).")
        }
    }
}
