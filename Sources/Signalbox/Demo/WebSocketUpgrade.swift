import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Opens a room's WebSocket.
enum WebSocketUpgrade {
    /// Connects, upgrades and sets the pipeline up with `setUp` on the event loop, before the first frame.
    static func open<Result: Sendable>(
        _ address: RelayAddress, route: String, visitor: Visitor,
        setUp: @escaping @Sendable (any Channel) throws -> Result
    ) async throws -> Result {
        let opening = try await address.connect { channel in
            try start(
                on: channel, RelayRequest(route: route, visitor: visitor).head(for: address), setUp: setUp)
        }
        let outcome: Outcome<Result>
        do {
            outcome = try await withTaskCancellationHandler {
                try await opening.outcome.get()
            } onCancel: {
                opening.channel.close(promise: nil)
            }
        } catch {
            // Nothing was sent over it, so trying again is safe.
            throw RelayError.unreachable("the WebSocket did not open: \(error)")
        }
        switch outcome {
        case .opened(let result):
            return result
        case .answered(let channel):
            throw try await refusal(on: channel)
        }
    }

    /// The largest frame the relay sends is a little over its largest message.
    private static let frameCeiling = 1 << 19

    private enum Outcome<Result: Sendable>: Sendable {
        case opened(Result)
        /// The server answered with something other than 101.
        case answered(NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>)
    }

    private struct Opening<Result: Sendable>: Sendable {
        let channel: any Channel
        let outcome: EventLoopFuture<Outcome<Result>>
    }

    private static func start<Result: Sendable>(
        on channel: any Channel, _ head: HTTPRequestHead,
        setUp: @escaping @Sendable (any Channel) throws -> Result
    ) throws -> Opening<Result> {
        let upgrader = NIOTypedWebSocketClientUpgrader<Outcome<Result>>(maxFrameSize: frameCeiling) {
            channel, _ in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1024,
                        maxAccumulatedFrameSize: frameCeiling))
                return .opened(try setUp(channel))
            }
        }
        var pipeline = NIOUpgradableHTTPClientPipelineConfiguration(
            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                upgradeRequestHead: head, upgraders: [upgrader],
                notUpgradingCompletionHandler: { channel in
                    channel.eventLoop.makeCompletedFuture {
                        .answered(try NIOAsyncChannel(wrappingChannelSynchronously: channel))
                    }
                }))
        // The first frames may come in one packet with the 101; the default drops them.
        pipeline.leftOverBytesStrategy = .forwardBytes
        let outcome = try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
            configuration: pipeline)
        let limit = channel.eventLoop.scheduleTask(in: .seconds(10)) { channel.close(promise: nil) }
        outcome.whenComplete { _ in limit.cancel() }
        return Opening(channel: channel, outcome: outcome)
    }

    private static func refusal(
        on channel: NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
    ) async throws -> RelayError {
        try await channel.executeThenClose { inbound, _ in
            for try await case .head(let head) in inbound { return head.refusal }
            return RelayError.unreachable("the WebSocket did not open")
        }
    }
}
