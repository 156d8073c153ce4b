import NIOCore
import NIOHTTP1
import SignalboxMetrics
import Testing
import TestSupport
import Web

@Suite("A client that has said all it will say")
struct HalfCloseTests {
    @Test("still gets its answer", arguments: Side.allCases)
    func answered(side: Side) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            try await client.send(side.get())
            try await client.closeOutput()
            #expect(try await client.reply().status == 200)
            #expect(try await client.rest().isEmpty)
        }
    }

    @Test("still gets an answer that is larger than the socket takes at once", arguments: Side.allCases)
    func largeAnswer(side: Side) async throws {
        let length = 16 * 1024 * 1024
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
            try await client.closeOutput()
            #expect(try await eventually { server.meter.total(.requests(side.getRoute, .success)) == 1 })
            try await client.setReading(true)
            #expect(try await client.reply().body.utf8.count == length)
        }
    }

    @Test("gets the answers to all it has pipelined", arguments: Side.allCases)
    func pipelined(side: Side) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            try await client.send((0..<5).map { side.get("?n=\($0)") }.joined())
            try await client.closeOutput()
            for n in 0..<5 { #expect(try await client.reply().json()["n"]?.string == String(n)) }
        }
    }

    @Test("in the middle of a request gets no answer and is closed")
    func halfARequest() async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            try await client.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
            try await client.closeOutput()
            _ = try await client.rest()
            #expect(try await eventually { server.front.openConnections == 0 })
        }
    }
}
