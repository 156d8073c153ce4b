import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// A server on loopback that plays a service: it keeps what it got and answers as it is told.
final class StandIn: Sendable {
    struct Request: Sendable {
        let method: String
        let path: String
        let headers: HTTPHeaders
        let body: Data
    }

    enum Answer: Sendable {
        case reply(Int, headers: [String: String] = [:], body: String = "")
        case hang
        /// Head and some of the body, and then nothing.
        case hangInBody(Int)
        case close
    }

    private let channel: any Channel
    private let state: State

    /// Shared by the connections.
    fileprivate final class State: Sendable {
        let requests = NIOLockedValueBox<[Request]>([])
        let ended = NIOLockedValueBox(0)
        let answer: @Sendable (Request, Int) -> Answer
        init(_ answer: @escaping @Sendable (Request, Int) -> Answer) { self.answer = answer }
    }

    var requests: [Request] { state.requests.withLockedValue { $0 } }
    /// How many connections have come and gone.
    var endedConnections: Int { state.ended.withLockedValue { $0 } }
    var base: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    private init(_ channel: any Channel, _ state: State) {
        self.channel = channel
        self.state = state
    }

    /// Runs while `body` does. `answer` gets each request and how many came before it.
    static func run(
        _ answer: @escaping @Sendable (Request, Int) -> Answer,
        _ body: (StandIn) async throws -> Void
    ) async throws {
        let state = State(answer)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Exchange(state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = StandIn(channel, state)
        do {
            try await body(server)
        } catch {
            try? await channel.close()
            throw error
        }
        try await channel.close()
    }
}

private final class Exchange: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let state: StandIn.State
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ state: StandIn.State) { self.state = state }

    func channelInactive(context: ChannelHandlerContext) {
        state.ended.withLockedValue { $0 += 1 }
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(var part): body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            let request = StandIn.Request(
                method: head.method.rawValue, path: head.uri, headers: head.headers,
                body: Data(body.readableBytesView))
            let before = state.requests.withLockedValue { requests in
                requests.append(request)
                return requests.count - 1
            }
            answer(context: context, state.answer(request, before))
        }
    }

    private func answer(context: ChannelHandlerContext, _ answer: StandIn.Answer) {
        switch answer {
        case .hang: break
        case .close: context.close(promise: nil)
        case .hangInBody(let status):
            write(context: context, status, ["Content-Length": "1000"], "some of it")
            context.flush()
        case .reply(let status, var headers, let body):
            headers["Content-Length"] = status == 204 ? nil : "\(body.utf8.count)"
            write(context: context, status, headers, body)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    private func write(
        context: ChannelHandlerContext, _ status: Int, _ headers: [String: String], _ body: String
    ) {
        let head = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: status),
            headers: HTTPHeaders(headers.map { ($0, $1) }))
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        guard !body.isEmpty else { return }
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
    }
}
