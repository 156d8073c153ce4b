import NIOCore
import Testing
import TestSupport
import Web

@Suite("At an address that nothing is at")
struct MissingPageTests {
    private static let words = "<p>Nothing here.</p>"

    private func ask(_ request: String) async throws -> HTTPReply {
        var options = Front.Options()
        options.missingPage = .page(Self.words, status: .notFound)
        return try await LoopbackServer.run(options: options) { try await $0.connect().ask(request) }
    }

    @Test("a browser is shown a page", arguments: ["/nowhere", "/rooms/x", "/apiary", "/%3Cscript%3E"])
    func browser(path: String) async throws {
        let reply = try await ask(
            "GET \(path) HTTP/1.1\r\nHost: a\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\n\r\n")
        #expect(reply.status == 404)
        #expect(reply.body == Self.words)
        #expect(reply["cache-control"] == "no-store")
        #expect(reply["content-type"] == "text/html; charset=utf-8")
    }

    @Test(
        "programs get JSON, and so does everybody below /api/",
        arguments: [
            "GET /nowhere HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
            "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /api/nowhere HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n",
            "GET http://a/API/nowhere HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n",
            "POST /nowhere HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nContent-Length: 0\r\n\r\n",
        ])
    func programs(request: String) async throws {
        let reply = try await ask(request)
        #expect(reply.status == 404)
        #expect(try reply.json()["reason"]?.string == "unknown_route")
    }
}
