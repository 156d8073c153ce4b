import NIOHTTP1
import Testing
@testable import Web

@Suite("Redirects to the server's own name")
struct CanonicalRedirectTests {
    private func target(
        _ uri: String, host: String? = "alias.example", forwarded: String? = nil, trustsPeer: Bool = false,
        method: HTTPMethod = .GET, base: String = "https://own.example", aliases: [String] = ["alias.example"]
    ) throws -> String? {
        let redirect = try #require(CanonicalRedirect(base: base, aliases: aliases))
        var headers = HTTPHeaders()
        if let host { headers.add(name: "Host", value: host) }
        if let forwarded { headers.add(name: "X-Forwarded-Host", value: forwarded) }
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: headers)
        return redirect.target(RequestHead(head), trustsPeer: trustsPeer)
    }

    @Test(
        "a page is redirected with its query and without its fragment",
        arguments: [
            ("/", "https://own.example/"), ("/docs", "https://own.example/docs"),
            ("/llms.txt", "https://own.example/llms.txt"),
            ("/docs?a=1&b=%2F", "https://own.example/docs?a=1&b=%2F"),
            ("/?", "https://own.example/?"), ("/?a=1?b#c", "https://own.example/?a=1?b"),
            ("/#k=secret", "https://own.example/"), ("/docs#k?a=1", "https://own.example/docs"),
        ])
    func pages(uri: String, expected: String) throws {
        #expect(try target(uri) == expected)
    }

    @Test(
        "defect 13: an absolute target sends nobody to the host it names",
        arguments: [
            ("http://evil.example/", "https://own.example/"),
            ("https://evil.example/docs?x=1", "https://own.example/docs?x=1"),
            ("http://evil.example", "https://own.example/"),
            ("http://evil.example@own.example/docs", "https://own.example/docs"),
            ("http://evil.example/?to=http://evil.example/", "https://own.example/?to=http://evil.example/"),
        ])
    func absolute(uri: String, expected: String) throws {
        #expect(try target(uri) == expected)
    }

    @Test(
        "nothing else is redirected: no room, no part of the API, no path that only looks like a page",
        arguments: [
            "//evil.example", "//evil.example/docs", "///docs", "/\\evil.example",
            "http://evil.example//docs",
            "http:////docs", "/docs/", "/Docs", "/docs/x", "/docs%2F", "/api/health", "/api/rooms/a/messages",
            "/room/abc",
            "/assets/a.css", "*", "", "docs", "/./docs",
        ])
    func others(uri: String) throws {
        #expect(try target(uri) == nil)
    }

    @Test("only what reads a page", arguments: [HTTPMethod.POST, .PUT, .DELETE, .OPTIONS, .PATCH])
    func methods(method: HTTPMethod) throws {
        #expect(try target("/", method: method) == nil)
        #expect(try target("/", method: .HEAD) != nil)
    }

    @Test(
        "the other name is known in all its spellings",
        arguments: [
            "alias.example", "ALIAS.Example", "alias.example:8080", "alias.example.", "alias.example.:80",
            "alias.example:", " alias.example ", "alias.example, other.example",
        ])
    func spellings(host: String) throws {
        #expect(try target("/", host: host) == "https://own.example/")
    }

    @Test(
        "another name is none of the others",
        arguments: [
            nil, "", "own.example", "own.example:443", "OWN.example.", "sub.alias.example",
            "alias.example.evil",
            "alias.example:x", "evil.example, alias.example", "127.0.0.1", "[::1]:80", "alias.example@evil",
        ] as [String?])
    func otherNames(host: String?) throws {
        #expect(try target("/", host: host) == nil)
    }

    @Test("X-Forwarded-Host counts from a trusted peer only, and then before Host")
    func forwarded() throws {
        #expect(try target("/", host: "own.example", forwarded: "alias.example") == nil)
        #expect(try target("/", host: "own.example", forwarded: "alias.example", trustsPeer: true) != nil)
        #expect(try target("/", host: "alias.example", forwarded: "own.example", trustsPeer: true) == nil)
        #expect(try target("/", host: "alias.example", forwarded: "own.example") != nil)
        #expect(try target("/", host: "alias.example", trustsPeer: true) != nil)
    }

    @Test("its own name among the others makes no loop")
    func loop() throws {
        let aliases = ["OWN.example:443", "own.example.", "alias.example"]
        #expect(try target("/", host: "own.example", aliases: aliases) == nil)
        #expect(try target("/", host: "alias.example", aliases: aliases) != nil)
    }

    @Test(
        "of PUBLIC_BASE_URL scheme, name and port are taken",
        arguments: [
            ("https://own.example/", "https://own.example/docs"),
            ("https://own.example/path?x#y", "https://own.example/docs"),
            ("http://own.example:8080", "http://own.example:8080/docs"),
            ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443/docs"),
        ])
    func base(base: String, expected: String) throws {
        #expect(try target("/docs", base: base) == expected)
    }

    @Test("a name may be an IPv6 address")
    func literal() throws {
        #expect(try target("/", host: "[2001:db8::2]:8080", aliases: ["[2001:DB8::2]"]) != nil)
        #expect(try target("/", host: "[2001:db8::2]", aliases: ["[2001:db8::2]:9"]) != nil)
    }

    @Test("with nothing to redirect from or to there is no redirect")
    func none() {
        #expect(CanonicalRedirect(base: nil, aliases: ["alias.example"]) == nil)
        #expect(CanonicalRedirect(base: "own.example", aliases: ["alias.example"]) == nil)
        #expect(CanonicalRedirect(base: "https://", aliases: ["alias.example"]) == nil)
        #expect(CanonicalRedirect(base: "https:///x", aliases: ["alias.example"]) == nil)
        for aliases in [[], [""], ["own.example"], ["own.example:443", " OWN.example. "]] {
            #expect(CanonicalRedirect(base: "https://own.example", aliases: aliases) == nil)
        }
    }
}
