import Logging
import NIOCore
public import NIOPosix
import ServiceLifecycleTestKit
public import SignalboxMetrics
public import Web

/// The real listener with the real front on a free port of 127.0.0.1, for as long as a test runs.
public struct LoopbackServer: Sendable {
    public let port: Int
    public let meter: Meter
    public let front: Front
    /// Tells every connection to end, as SIGTERM does.
    public let shutDown: @Sendable () -> Void

    /// Two loops for all tests: more than one, so that what crosses loops is tested.
    public static let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)

    /// Runs the server around `body` and shuts it down gracefully.
    public static func run<T>(
        hot: any HotResponder = StubHot { _, _ in false }, cold: any ColdResponder = StubCold(),
        meter: Meter = Meter(), limits: Front.Limits = Front.Limits(),
        options: Front.Options = Front.Options(), proxies: TrustedProxies = .loopback,
        _ body: (LoopbackServer) async throws -> T
    ) async throws -> T {
        let front = Front(
            meter: meter, limits: limits, options: options, proxies: proxies, hot: hot, cold: cold,
            eventLoops: Array(loops.makeIterator()))
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let listener = Listener(
            front: front, at: .address(host: "127.0.0.1", port: 0), group: loops,
            logger: Logger(label: "test"),
            onListening: { found.yield($0?.port ?? 0) })
        return try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await listener.run() }
                let port = await ports.first { _ in true } ?? 0
                let server = LoopbackServer(
                    port: port, meter: meter, front: front, shutDown: trigger.triggerGracefulShutdown)
                defer { trigger.triggerGracefulShutdown() }
                let result = try await body(server)
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
                return result
            }
        }
    }

    /// A new connection to the server.
    public func connect(receiveBuffer: Int? = nil) async throws -> LoopbackClient {
        try await LoopbackClient.connect(port: port, receiveBuffer: receiveBuffer)
    }

    /// Whether a new connection gets in.
    public func accepts() async -> Bool {
        guard let client = try? await connect() else { return false }
        await client.close()
        return true
    }
}

/// Answers the hot side as a test says.
public struct StubHot: HotResponder {
    private let answer: @Sendable (FrontRequest, FrontHandler) -> Bool

    public init(_ answer: @escaping @Sendable (FrontRequest, FrontHandler) -> Bool) { self.answer = answer }

    public func respond(to request: FrontRequest, on connection: FrontHandler) -> Bool {
        answer(request, connection)
    }
}

/// Answers the cold side as a test says; by default with the route's template.
public struct StubCold: ColdResponder {
    private let answer: @Sendable (FrontRequest) async -> FrontResponse

    public init(
        _ answer: @escaping @Sendable (FrontRequest) async -> FrontResponse = {
            .json(JSONWriter.object { [route = $0.route] in $0.field("cold", route.text) })
        }
    ) { self.answer = answer }

    public func respond(to request: FrontRequest) async -> FrontResponse { await answer(request) }
}
