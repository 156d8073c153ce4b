import Hummingbird
import Logging
import NIOCore
import SignalboxMetrics
import Testing
import TestSupport
import Web

@Suite("Routes behind the router")
struct HummingbirdSideTests {
    private struct Broken: Error, CustomStringConvertible {
        let description = "the secret of the house"
    }

    private func withRouter<T>(
        _ add: (ColdRouter) -> Void, _ body: (LoopbackClient) async throws -> T
    ) async throws -> T {
        let router = ColdRouter(context: FrontContext.self)
        add(router)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let cold = HummingbirdSide(responder: router.buildResponder(), logger: logger)
        return try await LoopbackServer.run(cold: cold) { try await body(try await $0.connect()) }
    }

    private func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: relay\r\n\r\n" }

    @Test(
        "get the parameter decoded once",
        arguments: [
            ("a%2Fb", "a/b"), ("%2e%2e", ".."), ("%2541", "%41"), ("%C3%A9", "é"), ("a:b", "a:b"), ("*", "*"),
        ])
    func parameter(sent: String, seen: String) async throws {
        try await withRouter {
            $0.on(.asset) { FrontResponse(body: ByteBuffer(string: $0.front.parameter)) }
        } _: { client in
            let reply = try await client.ask(get("/assets/" + sent))
            #expect(reply.body == seen)
        }
    }

    @Test("get the query, the headers and the body")
    func request() async throws {
        try await withRouter {
            $0.on(.adminLogin, method: .post) { context in
                let request = context.front
                let seen =
                    "\(request.query["q"] ?? "")|\(request.header("x-one") ?? "")|\(String(buffer: request.body))"
                return FrontResponse(
                    status: .accepted, headers: [("X-Two", "2")], body: ByteBuffer(string: seen))
            }
        } _: { client in
            let reply = try await client.ask(
                "POST /admin/login?q=1 HTTP/1.1\r\nHost: a\r\nX-One: one\r\nContent-Length: 4\r\n\r\nbody")
            #expect(reply.status == 202)
            #expect(reply["x-two"] == "2")
            #expect(reply.body == "1|one|body")
        }
    }

    @Test("that fail answer 500 and say nothing of why")
    func failing() async throws {
        try await withRouter {
            $0.on(.home) { _ in throw Broken() }
        } _: { client in
            let reply = try await client.ask(get("/"))
            #expect(reply.status == 500)
            #expect(try reply.json()["reason"]?.string == "internal_error")
            #expect(!reply.body.contains("secret"))
        }
    }

    @Test("that nobody serves answer 404 in JSON")
    func unserved() async throws {
        try await withRouter { _ in
        } _: { client in
            let reply = try await client.ask(get("/"))
            #expect(reply.status == 404)
            #expect(try reply.json()["error"]?.string == "not found")
        }
    }

    @Test("answer HEAD with the length and without the body")
    func head() async throws {
        try await withRouter {
            $0.on(.home) { _ in FrontResponse(body: ByteBuffer(string: "12345")) }
        } _: { client in
            let reply = try await client.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", hasBody: false)
            #expect(reply.status == 200)
            #expect(reply["content-length"] == "5")
        }
    }

    @Test("may set several cookies")
    func severalCookies() async throws {
        try await withRouter {
            $0.on(.home) { _ in FrontResponse(headers: [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]) }
        } _: { client in
            let reply = try await client.ask(get("/"))
            #expect(reply.headers.filter { $0.name == "set-cookie" }.map(\.value) == ["a=1", "b=2"])
        }
    }
}
