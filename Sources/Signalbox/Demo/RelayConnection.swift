import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// A keep-alive HTTP/1.1 connection to the server, for one request at a time.
///
/// Cancelling a task that waits for an answer closes the connection.
struct RelayConnection: Sendable {
    private let channel: any Channel
    // Checked at run time: the handler is only reached on its channel's event loop.
    private let handler: NIOLoopBound<ExchangeHandler>

    static func open(_ address: RelayAddress) async throws -> RelayConnection {
        try await address.connect { channel in
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            let handler = ExchangeHandler(address: address)
            try channel.pipeline.syncOperations.addHandler(handler)
            return RelayConnection(
                channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
        }
    }

    /// False once either side has closed the connection.
    var isOpen: Bool { channel.isActive }

    func send(
        _ request: RelayRequest, within time: TimeAmount = .seconds(10)
    ) async throws -> RelayResponse {
        try await withTaskCancellationHandler {
            let eventLoop = channel.eventLoop
            return try await eventLoop.flatSubmit {
                handler.value.exchange(request, within: time, on: eventLoop)
            }.get()
        } onCancel: {
            close()
        }
    }

    func close() {
        channel.close(promise: nil)
    }
}

extension RelayAddress {
    /// Opens a TCP connection and sets its pipeline up on its event loop.
    ///
    /// Not cancellable; bounded by five seconds instead.
    func connect<Result: Sendable>(
        setUp: @escaping @Sendable (any Channel) throws -> Result
    ) async throws -> Result {
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(5))
                .connect(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture { try setUp(channel) }
                }
        } catch let error as NIOConnectionError {
            throw RelayError.unreachable(
                error.connectionErrors.first.map { reason($0.error) } ?? "unknown host")
        } catch {
            throw RelayError.unreachable(reason(error))
        }
    }
}

/// Why a connection failed, in the operating system's words where it has some.
private func reason(_ error: any Error) -> String {
    switch error {
    case let error as IOError: String(cString: strerror(error.errnoCode)).lowercased()
    case ChannelError.connectTimeout: "no answer within 5 s"
    default: "\(error)"
    }
}
