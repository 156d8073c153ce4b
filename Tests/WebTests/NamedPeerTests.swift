import Testing
@testable import Web

@Suite("Peers that are trusted for who they are")
struct NamedPeerTests {
    @Test(
        "are those of a listed address or range; so many hops, or everyone, names nobody",
        arguments: [
            ("loopback", "127.0.0.1", true), ("loopback", "::1", true),
            ("loopback", "::ffff:127.9.9.9", true),
            ("loopback", "192.0.2.1", false), ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.0/24", "192.0.2.77", true),
            ("192.0.2.0/24", "192.0.3.77", false), ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe12::1", false),
            ("loopback, 10.0.0.0/8", "10.1.2.3", true), ("uniquelocal", "10.1.2.3", true),
            ("1", "127.0.0.1", false), ("9", "192.0.2.1", false), ("0", "127.0.0.1", false),
            ("true", "127.0.0.1", false), ("false", "127.0.0.1", false), ("", "127.0.0.1", false),
        ])
    func named(setting: String, peer: String, expected: Bool) throws {
        let proxies = try #require(TrustedProxies(setting))
        #expect(proxies.namesPeer(try #require(IPAddress(peer))) == expected)
    }
}
