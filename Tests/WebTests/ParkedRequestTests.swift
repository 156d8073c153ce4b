import NIOCore
import Testing
import TestSupport
import Web
@testable import SignalboxMetrics

@Suite("A parked request")
struct ParkedRequestTests {
    /// Answers what becomes of it, so that a client can read it.
    ///
    /// `@unchecked Sendable` is safe: it is made and called on its connection's loop alone.
    private final class Answering: ParkedRequest, @unchecked Sendable {
        let connection: FrontHandler
        let onCancel: @Sendable () -> Void

        init(_ connection: FrontHandler, onCancel: @escaping @Sendable () -> Void) {
            self.connection = connection
            self.onCancel = onCancel
        }
        func timedOut() { connection.respond(.json(ByteBuffer(string: "\"timed out\""))) }
        func shutDown() { connection.respond(.json(ByteBuffer(string: "\"shut down\""))) }
        func cancelled() { onCancel() }
    }

    private func withParking<T>(
        _ timeout: TimeAmount, _ body: (LoopbackServer, LoopbackClient) async throws -> T
    ) async throws -> T {
        let cancels = Meter()
        let hot = StubHot { request, connection in
            guard request.route == .roomWait else { return false }
            connection.park(Answering(connection) { cancels.add(.reports) }, timeout: timeout)
            return true
        }
        return try await LoopbackServer.run(hot: hot, meter: cancels) { server in
            let client = try await server.connect()
            try await client.send("GET /api/rooms/room/wait HTTP/1.1\r\nHost: relay\r\n\r\n")
            #expect(try await eventually { server.meter.total(.requestMethods(.get)) == 1 })
            return try await body(server, client)
        }
    }

    @Test("is told when its time is over, and the connection goes on")
    func timeout() async throws {
        try await withParking(.milliseconds(60)) { _, client in
            let reply = try await client.reply()
            #expect(reply.body == "\"timed out\"")
            #expect(try await client.ask(Side.cold.get()).status == 200)
        }
    }

    @Test("is told when the server shuts down")
    func shutDown() async throws {
        try await withParking(.seconds(60)) { server, client in
            server.shutDown()
            let reply = try await client.reply()
            #expect(reply.body == "\"shut down\"")
            #expect(try await client.rest().isEmpty)
        }
    }

    @Test("is told once when its client goes away")
    func cancelled() async throws {
        try await withParking(.seconds(60)) { server, client in
            await client.close()
            let isGone = try await eventually { server.front.openConnections == 0 }
            #expect(isGone)
            #expect(server.meter.total(.reports) == 1)
        }
    }

    @Test("isn't in the latency histogram, however long it was parked")
    func latency() async throws {
        try await withParking(.milliseconds(60)) { server, client in
            _ = try await client.reply()
            #expect(server.meter.total(.requests(.roomWait, .success)) == 1)
            #expect(observations(server.meter) == 0)
            _ = try await client.ask(Side.cold.get())
            #expect(observations(server.meter) == 1)
        }
    }

    /// How many requests the latency histograms hold, all groups together.
    private func observations(_ meter: Meter) -> UInt64 {
        Histogram.all.reduce(0) { sum, histogram in
            let first = SlotTable.slot(histogram)
            return sum + (0..<Histogram.slotsEach - 1).reduce(0) { $0 + meter.slots.load(first + $1) }
        }
    }
}
