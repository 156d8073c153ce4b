import Testing
import TestSupport
import Web

@Suite("Security headers")
struct SecurityHeadersTests {
    private func expectHeaders(_ reply: HTTPReply) {
        for (name, value) in SecurityHeaders.fields {
            #expect(reply[name.lowercased()] == value, "\(reply.status): \(name)")
        }
        #expect(reply["date"] != nil)
    }

    @Test("stand on every good answer", arguments: Side.allCases)
    func good(side: Side) async throws {
        try await Side.withServer { server in
            let reply = try await server.connect().ask(side.get())
            #expect(reply.status == 200)
            expectHeaders(reply)
        }
    }

    @Test(
        "stand on every refusal",
        arguments: [
            ("GET /nowhere HTTP/1.1\r\n\r\n", 404),
            ("PUT /api/health HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405),
            ("POST /admin/login HTTP/1.1\r\nContent-Length: 999999\r\n\r\n", 413),
            ("\u{1}\u{2}\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 20_000))\r\n\r\n", 431),
            ("GET /assets/%zz HTTP/1.1\r\n\r\n", 400),
            ("POST /admin/login HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", 415),
        ])
    func refusals(request: String, status: Int) async throws {
        try await Side.withServer { server in
            let reply = try await server.connect().ask(request)
            #expect(reply.status == status)
            expectHeaders(reply)
            let json = try reply.json()
            #expect(json["error"]?.string?.isEmpty == false)
            #expect(json["reason"]?.string?.isEmpty == false)
        }
    }

    @Test("allow nothing but what is ours, and no frame around it")
    func policy() throws {
        let policy = try #require(
            SecurityHeaders.fields.first { $0.name == "Content-Security-Policy" }?.value)
        #expect(policy.hasPrefix("default-src 'none';"))
        #expect(!policy.contains("unsafe"))
        #expect(!policy.contains("*"))
        #expect(policy.contains("frame-ancestors 'none'"))
    }
}
