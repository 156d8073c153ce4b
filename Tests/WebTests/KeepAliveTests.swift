import NIOCore
import SignalboxMetrics
import Testing
import TestSupport
import Web

@Suite("Connections that stay open")
struct KeepAliveTests {
    @Test("one may change between hot and cold as often as it likes")
    func alternating() async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            for round in 0..<20 {
                let side = Side.allCases[round % 2]
                let reply = try await client.ask(side.get())
                #expect(try reply.json()["side"]?.string == side.rawValue)
                #expect(reply["connection"] == "keep-alive")
            }
            #expect(server.front.openConnections == 1)
        }
    }

    @Test("one whose client asks for it is closed after the answer", arguments: Side.allCases)
    func close(side: Side) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            #expect(try await client.ask(side.get(headers: "Connection: close\r\n"))["connection"] == "close")
            #expect(try await client.rest().isEmpty)
        }
    }

    @Test("one of an HTTP/1.0 client is closed after the answer", arguments: Side.allCases)
    func oldClient(side: Side) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            let reply = try await client.ask("GET \(side.getPath) HTTP/1.0\r\n\r\n")
            #expect(reply.status == 200)
            #expect(reply["connection"] == "close")
            #expect(try await client.rest().isEmpty)
        }
    }

    @Test("an upgrade nobody offers is passed over and the request answered", arguments: Side.allCases)
    func unknownUpgrade(side: Side) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            let reply = try await client.ask(
                side.get(
                    headers:
                        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
                ))
            #expect(reply.status == 200)
            #expect(try reply.json()["side"]?.string == side.rawValue)
        }
    }

    @Test(
        "one that is silent for too long is closed, before a request and after one", arguments: [true, false])
    func silent(afterRequest: Bool) async throws {
        var limits = Front.Limits()
        limits.keepAlive = .milliseconds(100)
        limits.requestTime = afterRequest ? .seconds(30) : .milliseconds(100)
        try await Side.withServer(limits: limits) { server in
            let client = try await server.connect()
            if afterRequest { #expect(try await client.ask(Side.hot.get()).status == 200) }
            #expect(try await client.rest().isEmpty)
        }
    }

    @Test("a request that doesn't come to its end is answered 408", arguments: Side.allCases)
    func slowRequest(side: Side) async throws {
        var limits = Front.Limits()
        // It counts from the connection's start, so it must leave a busy machine time to send.
        limits.requestTime = .seconds(5)
        try await Side.withServer(limits: limits) { server in
            let client = try await server.connect()
            let reply = try await client.ask(
                "POST \(side.postPath) HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
            #expect(reply.status == 408)
            #expect(try reply.json()["reason"]?.string == "request_too_slow")
            #expect(try await client.rest().isEmpty)
        }
    }
}
