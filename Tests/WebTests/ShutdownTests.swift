import NIOCore
import SignalboxMetrics
import Testing
import TestSupport
import Web

@Suite("At shutdown")
struct ShutdownTests {
    /// Lets an answer go only once the test says so.
    private final class Latch: Sendable {
        private let stream = AsyncStream.makeStream(of: Void.self)
        func open() { stream.continuation.finish() }
        func wait() async { for await _ in stream.stream {} }
    }

    @Test("idle connections are closed")
    func idle() async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            _ = try await client.ask(Side.hot.get())
            server.shutDown()
            #expect(try await client.rest().isEmpty)
        }
    }

    @Test("a request that is being answered gets its answer, then the connection closes")
    func answering() async throws {
        let latch = Latch()
        let cold = StubCold { _ in
            await latch.wait()
            return FrontResponse()
        }
        try await LoopbackServer.run(cold: cold) { server in
            let client = try await server.connect()
            try await client.send(Side.cold.get())
            #expect(try await eventually { server.meter.total(.requestMethods(.get)) == 1 })
            server.shutDown()
            latch.open()
            #expect(try await client.reply().status == 200)
            #expect(try await client.rest().isEmpty)
        }
    }

    @Test("an answer that is still on its way comes whole", arguments: Side.allCases)
    func onItsWay(side: Side) async throws {
        let length = 8 * 1024 * 1024
        let large = FrontResponse(body: ByteBuffer(repeating: 0x61, count: length))
        let hot = StubHot { request, connection in
            guard request.route == .health else { return false }
            connection.respond(large)
            return true
        }
        try await LoopbackServer.run(hot: hot, cold: StubCold { _ in large }) { server in
            let client = try await server.connect(receiveBuffer: 65_536)
            try await client.setReading(false)
            try await client.send(side.get())
            #expect(try await eventually { server.meter.total(.requests(side.getRoute, .success)) == 1 })
            server.shutDown()
            // The listener's socket goes first: once nobody new gets in, the connections have been told.
            #expect(try await eventually { await !server.accepts() })
            try await client.setReading(true)
            #expect(try await client.reply().body.utf8.count == length)
        }
    }
}
