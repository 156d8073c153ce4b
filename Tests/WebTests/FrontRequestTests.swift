import NIOCore
import NIOHTTP1
import SignalboxMetrics
import Testing
@testable import Web

@Suite("What a request says")
struct FrontRequestTests {
    private func request(_ headers: HTTPHeaders = [:], body: String = "", version: HTTPVersion = .http1_1)
        throws -> FrontRequest
    {
        FrontRequest(
            route: .roomMessages, parameter: "room", secondParameter: "", query: Query(""),
            head: RequestHead(
                HTTPRequestHead(version: version, method: .POST, uri: "/", headers: headers)),
            body: ByteBuffer(string: body), client: try #require(IPAddress("127.0.0.1")), isSecure: false,
            origin: nil)
    }

    @Test(
        "a body with a JSON content type is read",
        arguments: [
            "application/json", "Application/JSON", "application/json; charset=utf-8", " application/json ;x",
        ])
    func jsonType(type: String) throws {
        #expect(
            try request(["content-type": type], body: "{\"a\":1}").jsonBody() == .object(["a": .number(1)]))
    }

    @Test(
        "a body without a JSON content type counts as {}",
        arguments: [[:], ["content-type": "text/plain"], ["content-type": "application/jsonx"]]
            as [HTTPHeaders])
    func otherType(headers: HTTPHeaders) throws {
        #expect(try request(headers, body: "{\"a\":").jsonBody() == .object([:]))
    }

    @Test("an empty JSON body counts as {}")
    func emptyBody() throws {
        #expect(try request(["content-type": "application/json"]).jsonBody() == .object([:]))
    }

    @Test(
        "a JSON body that is neither object nor array is refused",
        arguments: ["1", "\"a\"", "null", "true", "{", " "])
    func refused(body: String) throws {
        let request = try request(["content-type": "application/json"], body: body)
        #expect(throws: JSONError.self) { try request.jsonBody() }
    }

    @Test(
        "a browser is told from an agent as the original tells them",
        arguments: [
            ("Mozilla/5.0 (X11; Linux) Chrome/126.0 Safari/537.36", ClientKind.browser),
            ("Firefox/1", .browser),
            ("python-requests/2.32", .agent), ("curl/8.0", .agent),
            ("Mozilla/5.0 (compatible; Googlebot/2.1)", .agent),
            ("", .agent), ("node", .agent), ("Mozilla/5.0 python", .agent),
        ])
    func clientKind(agent: String, expected: ClientKind) throws {
        #expect(try request(["user-agent": agent]).clientKind == expected)
    }

    @Test("without a User-Agent it is an agent")
    func noAgent() throws {
        #expect(try request().clientKind == .agent)
    }

    @Test(
        "only HTTP/1.1 takes chunks",
        arguments: [(HTTPVersion.http1_1, true), (.http1_0, false), (.http2, false)])
    func chunkable(version: HTTPVersion, expected: Bool) throws {
        #expect(try request(version: version).isChunkable == expected)
    }
}
