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
}
