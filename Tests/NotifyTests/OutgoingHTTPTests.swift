import NIOCore
import NIOPosix
import Testing
@testable import Notify

@Suite("Outgoing requests")
struct OutgoingHTTPTests {
    private let http = OutgoingHTTP(group: MultiThreadedEventLoopGroup.singleton)
    private let hasty = OutgoingHTTP(
        group: MultiThreadedEventLoopGroup.singleton, timeout: .milliseconds(300))

    /// What a post to the server ends with; nil is success.
    private func outcome(
        _ answer: StandIn.Answer
    ) async throws -> DeliveryError? {
        var result: DeliveryError?
        try await StandIn.run { _, _ in
            answer
        } _: { server in
            result = await post(to: server.base + "/x")
        }
        return result
    }

    private func post(to url: String, over client: OutgoingHTTP? = nil) async -> DeliveryError? {
        guard let address = SecretAddress(url) else { return .other }
        do throws(DeliveryError) {
            try await (client ?? http).post(["text": "canary"], to: address)
            return nil
        } catch {
            return error
        }
    }

    @Test("2xx is success, everything else is told by its status")
    func statuses() async throws {
        for status in [200, 201, 204, 299] { #expect(try await outcome(.reply(status)) == nil) }
        for status in [400, 401, 403, 404, 413, 429, 500, 503, 599] {
            #expect(try await outcome(.reply(status, body: "canary")) == .refused(status: status))
        }
        await http.shutdown()
    }

    @Test("a redirect isn't followed")
    func redirect() async throws {
        try await StandIn.run { _, before in
            before == 0 ? .reply(302, headers: ["Location": "/elsewhere"]) : .reply(200)
        } _: { server in
            #expect(await post(to: server.base + "/x") == .refused(status: 302))
            #expect(server.requests.count == 1)
        }
        await http.shutdown()
    }

    @Test("the time to stay away is read in seconds, from the header that is sure to mean them")
    func retryAfter() async throws {
        let told: [([String: String], Duration?)] = [
            (["Retry-After": "7"], .seconds(7)), (["Retry-After": "0.25"], .milliseconds(250)),
            (["Retry-After": "6457", "X-RateLimit-Reset-After": "6.5"], .milliseconds(6_500)),
            (["Retry-After": "1e300"], .seconds(86_400)), (["Retry-After": "-1"], nil),
            (["Retry-After": "inf"], nil), (["Retry-After": "nan"], nil),
            (["Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"], nil), ([:], nil),
        ]
        for (headers, wait) in told {
            #expect(
                try await outcome(.reply(429, headers: headers)) == .refused(status: 429, retryAfter: wait))
        }
        await http.shutdown()
    }

    @Test("a service that doesn't answer is given up at the timeout")
    func hang() async throws {
        try await StandIn.run { _, _ in
            .hang
        } _: { server in
            let start = ContinuousClock.now
            #expect(await post(to: server.base + "/x", over: hasty) == .timeout)
            #expect(ContinuousClock.now - start >= .milliseconds(250))
        }
        await hasty.shutdown()
    }

    @Test("a handshake that hangs counts against the same timeout")
    func hangingHandshake() async throws {
        // It accepts and says nothing.
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = listener.localAddress?.port ?? 0
        #expect(await post(to: "https://127.0.0.1:\(port)/x", over: hasty) == .timeout)
        try await listener.close()
        await hasty.shutdown()
    }

    @Test("a body that never ends keeps neither the delivery nor the connection")
    func hangInBody() async throws {
        try await StandIn.run { _, _ in
            .hangInBody(200)
        } _: { server in
            #expect(await post(to: server.base + "/x") == nil)
            var tries = 0
            while server.endedConnections == 0, tries < 400 {
                tries += 1
                try await Task.sleep(for: .milliseconds(2))
            }
            #expect(server.endedConnections == 1)
        }
        await http.shutdown()
    }

    @Test("what speaks no TLS is told as that")
    func noTLS() async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(PlainGreeting())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        #expect(await post(to: "https://127.0.0.1:\(listener.localAddress?.port ?? 0)/x") == .tls)
        try await listener.close()
        await http.shutdown()
    }

    @Test("a connection that ends before the answer and one that isn't made are told apart")
    func connections() async throws {
        #expect(try await outcome(.close) == .disconnected)
        let closed = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = closed.localAddress?.port ?? 0
        try await closed.close()
        #expect(await post(to: "http://127.0.0.1:\(port)/x") == .unreachable)
        #expect(await post(to: "http://localhost:\(port)/x") == .unreachable)
        await http.shutdown()
        #expect(await post(to: "http://127.0.0.1:\(port)/x") == .cancelled)
    }

    @Test("a delivery ends with its task")
    func cancellation() async throws {
        try await StandIn.run { _, _ in
            .hang
        } _: { server in
            let address = try #require(SecretAddress(server.base))
            let task = Task { try await http.post(["a": "b"], to: address) }
            while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
            task.cancel()
            await #expect(throws: DeliveryError.cancelled) { try await task.value }
        }
        await http.shutdown()
    }

    @Test("a request asks for no compression and names no more than it must")
    func headers() async throws {
        try await StandIn.run { _, _ in
            .reply(204)
        } _: { server in
            #expect(await post(to: server.base + "/x") == nil)
            let names = server.requests[0].headers.map { $0.name.lowercased() }.sorted()
            #expect(names == ["connection", "content-length", "content-type", "host", "user-agent"])
        }
        await http.shutdown()
    }

    @Test("a client that nobody shut down ends quietly")
    func forgotten() {
        _ = OutgoingHTTP(group: MultiThreadedEventLoopGroup.singleton)
    }
}

/// Speaks first and in plain text, as a mail server does.
private final class PlainGreeting: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "220 hello\r\n")), promise: nil)
    }
}
