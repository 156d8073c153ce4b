import Testing
import TestSupport
import Web

@Suite("The body's ceiling")
struct BodyLimitTests {
    private var limits: Front.Limits {
        var limits = Front.Limits()
        limits.bodyBytes = 1_000
        return limits
    }

    private func chunk(_ length: Int) -> String {
        String(length, radix: 16) + "\r\n" + String(repeating: "x", count: length) + "\r\n"
    }

    @Test("a body of exactly the ceiling passes, told or in chunks", arguments: Side.allCases)
    func exactly(side: Side) async throws {
        try await Side.withServer(limits: limits) { server in
            let client = try await server.connect()
            let told = try await client.ask(side.post(String(repeating: "x", count: 1_000)))
            #expect(try told.json()["body"] == .number(1_000))
            let chunked = try await client.ask(
                "POST \(side.postPath) HTTP/1.1\r\nHost: relay\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + chunk(400) + chunk(600) + "0\r\n\r\n")
            #expect(try chunked.json()["body"] == .number(1_000))
        }
    }

    @Test("a body that is told to be longer is refused before it is sent", arguments: Side.allCases)
    func told(side: Side) async throws {
        try await Side.withServer(limits: limits) { server in
            let client = try await server.connect()
            let reply = try await client.ask(
                "POST \(side.postPath) HTTP/1.1\r\nHost: relay\r\nContent-Length: 1001\r\n\r\n")
            #expect(reply.status == 413)
            #expect(try reply.json()["reason"]?.string == "body_too_large")
            #expect(reply["connection"] == "close")
            #expect(try await client.rest().isEmpty)
            #expect(server.meter.total(.requests(side.postRoute, .clientError)) == 1)
        }
    }

    @Test(
        "a body that grows past it in chunks is refused, and nothing of it is answered twice",
        arguments: Side.allCases)
    func grown(side: Side) async throws {
        try await Side.withServer(limits: limits) { server in
            let client = try await server.connect()
            let reply = try await client.ask(
                "POST \(side.postPath) HTTP/1.1\r\nHost: relay\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + chunk(400) + chunk(601) + chunk(900) + "0\r\n\r\n" + side.get())
            #expect(reply.status == 413)
            #expect(try await client.rest().isEmpty)
        }
    }

    @Test("a client that sends all of it before it reads still gets the answer", arguments: Side.allCases)
    func sentWhole(side: Side) async throws {
        try await Side.withServer(limits: limits) { server in
            let client = try await server.connect()
            #expect(try await client.ask(side.post(String(repeating: "x", count: 300_000))).status == 413)
        }
    }

    @Test("the ceiling is 192 KiB unless it is set")
    func standard() {
        #expect(Front.Limits().bodyBytes == 196_608)
    }
}
