import Foundation
import NIOCore
import SignalboxMetrics
import Testing
import TestSupport
import Web

@Suite("A client that doesn't take its answers")
struct BackpressureTests {
    @Test("gets no further ones until it does, and then all of them in order")
    func pipelined() throws {
        let meter = Meter()
        let hot = StubHot { request, connection in
            connection.respond(FrontResponse(body: ByteBuffer(string: request.query["n"] ?? "")))
            return true
        }
        let front = try EmbeddedFront(hot: hot, meter: meter)
        front.channel.isWritable = false
        try front.receive((0..<5).map { Side.hot.get("?n=\($0)") }.joined())
        #expect(meter.total(.requests(.health, .success)) == 0)
        front.channel.isWritable = true
        front.channel.pipeline.fireChannelWritabilityChanged()
        #expect(meter.total(.requests(.health, .success)) == 5)
        let bodies = try front.sent().components(separatedBy: "\r\n\r\n").dropFirst().compactMap(\.first)
        #expect(bodies == ["0", "1", "2", "3", "4"])
    }

    @Test(
        "makes the server hold a bounded number of them, and misses none once it reads",
        arguments: Side.allCases)
    func bounded(side: Side) async throws {
        let count = 100
        let large = FrontResponse(body: ByteBuffer(repeating: 0x61, count: 1024 * 1024))
        let hot = StubHot { request, connection in
            guard request.route == .health else { return false }
            connection.respond(large)
            return true
        }
        try await LoopbackServer.run(hot: hot, cold: StubCold { _ in large }) { server in
            let client = try await server.connect(receiveBuffer: 65_536)
            try await client.setReading(false)
            try await client.send(String(repeating: side.get(), count: count))
            let answered = { server.meter.total(.requests(side.getRoute, .success)) }
            #expect(try await eventually { answered() > 0 })
            // Another connection of the same loops gets its answers meanwhile: whatever the first one could
            // bring about has happened by then.
            for _ in 0..<4 {
                let other = try await server.connect()
                _ = try await other.ask(side.get())
                await other.close()
            }
            #expect(answered() < 30)
            try await client.setReading(true)
            for _ in 0..<count { #expect(try await client.reply().body.utf8.count == 1024 * 1024) }
        }
    }
}
