import Testing
import TestSupport
import Web

@Suite("The client behind a proxy")
struct ClientAddressTests {
    private let forwarded = "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n"

    @Test("is the forwarded one when the peer is trusted", arguments: Side.allCases)
    func trusted(side: Side) async throws {
        try await Side.withServer(proxies: .loopback) { server in
            let json = try await server.connect().ask(side.get(headers: forwarded)).json()
            #expect(json["client"]?.string == "forwarded")
            #expect(json["secure"] == .bool(true))
        }
    }

    @Test("is the peer when that isn't trusted, whatever it says", arguments: Side.allCases)
    func spoofed(side: Side) async throws {
        let proxies = try #require(TrustedProxies("10.0.0.0/8"))
        try await Side.withServer(proxies: proxies) { server in
            let json = try await server.connect().ask(side.get(headers: forwarded)).json()
            #expect(json["client"]?.string == "peer")
            #expect(json["secure"] == .bool(false))
        }
    }

    @Test("is found over several headers", arguments: Side.allCases)
    func severalHeaders(side: Side) async throws {
        try await Side.withServer { server in
            let headers = "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 198.51.100.7\r\n"
            let json = try await server.connect().ask(side.get(headers: headers)).json()
            #expect(json["client"]?.string == "forwarded")
        }
    }
}
