import SignalboxMetrics
import Testing
import TestSupport
import Web

@Suite("What is counted of requests")
struct CountingTests {
    @Test("each answer once, by its route, class and method", arguments: Side.allCases)
    func once(side: Side) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            _ = try await client.ask(side.get())
            _ = try await client.ask(side.post("abc"))
            _ = try await client.ask(
                "PUT \(side.getPath) HTTP/1.1\r\nHost: relay\r\nContent-Length: 0\r\n\r\n")
            let meter = server.meter
            #expect(meter.total(.requests(side.getRoute, .success)) == 1)
            #expect(meter.total(.requests(side.postRoute, .success)) == 1)
            #expect(meter.total(.requests(side.getRoute, .clientError)) == 1)
            #expect(meter.total(Counter.all.filter { if case .requests = $0 { true } else { false } }) == 3)
            #expect([Method.get, .post, .put].map { meter.total(.requestMethods($0)) } == [1, 1, 1])
        }
    }

    @Test("before the answer's last byte can be read", arguments: Side.allCases)
    func beforeTheAnswer(side: Side) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            for round in 1...200 {
                _ = try await client.ask(side.get())
                #expect(server.meter.total(.requests(side.getRoute, .success)) == UInt64(round))
            }
        }
    }

    @Test("an unknown path as unmatched, never by itself")
    func unmatched() async throws {
        try await Side.withServer { server in
            _ = try await server.connect().ask("GET /secret-room HTTP/1.1\r\nHost: relay\r\n\r\n")
            #expect(server.meter.total(.requests(.unmatched, .clientError)) == 1)
        }
    }

    @Test("a 429 and a 503 each in a class of its own")
    func classes() async throws {
        let cold = StubCold { request in
            .refusal(
                request.query["s"] == "429" ? .tooManyRequests : .serviceUnavailable,
                ErrorBody("no", reason: "no"))
        }
        try await LoopbackServer.run(cold: cold) { server in
            let client = try await server.connect()
            for status in [429, 503] {
                _ = try await client.ask("GET /?s=\(status) HTTP/1.1\r\nHost: relay\r\n\r\n")
            }
            #expect(server.meter.total(.requests(.home, .tooManyRequests)) == 1)
            #expect(server.meter.total(.requests(.home, .serverError)) == 1)
            #expect(server.meter.total(.requests(.home, .clientError)) == 0)
        }
    }

    @Test("connections that are open now")
    func connections() async throws {
        try await Side.withServer { server in
            let (one, other) = (try await server.connect(), try await server.connect())
            _ = try await one.ask(Side.hot.get())
            _ = try await other.ask(Side.hot.get())
            #expect(server.front.openConnections == 2)
            await one.close()
            #expect(try await eventually { server.front.openConnections == 1 })
        }
    }
}
