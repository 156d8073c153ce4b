import Testing
@testable import Web

@Suite("Which forwarded addresses count")
struct TrustedProxiesTests {
    private func client(_ setting: String, peer: String, _ forwarded: [String]) throws -> IPAddress {
        try #require(TrustedProxies(setting)).client(
            peer: try #require(IPAddress(peer)), forwarded: forwarded)
    }

    private static let cases: [(setting: String, peer: String, forwarded: [String], client: String)] = [
        // Nobody forwarded anything.
        ("loopback", "203.0.113.5", [], "203.0.113.5"),
        ("true", "203.0.113.5", [""], "203.0.113.5"),
        // A peer that isn't trusted can say what it likes.
        ("loopback", "203.0.113.5", ["198.51.100.1"], "203.0.113.5"),
        ("false", "127.0.0.1", ["198.51.100.1"], "127.0.0.1"),
        ("10.0.0.0/8", "127.0.0.1", ["198.51.100.1"], "127.0.0.1"),
        // A trusted one is believed, in either spelling of its address.
        ("loopback", "127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("loopback", "::ffff:127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("loopback", "::1", ["2001:db8::9"], "2001:db8::9"),
        ("10.0.0.0/8", "::ffff:10.2.3.4", ["198.51.100.1"], "198.51.100.1"),
        // The client is the last that isn't trusted; what it put in front itself doesn't count.
        ("loopback", "127.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("loopback, 10.0.0.0/8", "127.0.0.1", ["1.1.1.1, 198.51.100.1, 10.0.0.7"], "198.51.100.1"),
        ("loopback, 10.0.0.0/8", "127.0.0.1", ["1.1.1.1", "198.51.100.1", "10.0.0.7"], "198.51.100.1"),
        ("loopback", "127.0.0.1", ["198.51.100.1, ::ffff:127.0.0.1"], "198.51.100.1"),
        // When all are trusted, the first.
        ("loopback, 10.0.0.0/8", "127.0.0.1", ["10.0.0.8, 10.0.0.7"], "10.0.0.8"),
        ("true", "203.0.113.5", ["1.1.1.1, 198.51.100.1"], "1.1.1.1"),
        // A number is a number of hops, not an address.
        ("1", "203.0.113.5", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("2", "203.0.113.5", ["1.1.1.1, 198.51.100.1"], "1.1.1.1"),
        ("9", "203.0.113.5", ["1.1.1.1, 198.51.100.1"], "1.1.1.1"),
        ("0", "203.0.113.5", ["198.51.100.1"], "203.0.113.5"),
        // What can't be read ends the walk at the last address that could.
        ("loopback", "127.0.0.1", ["198.51.100.1, unknown"], "127.0.0.1"),
        ("true", "203.0.113.5", ["1.1.1.1, junk, 198.51.100.1"], "198.51.100.1"),
        ("loopback", "127.0.0.1", [" , ,"], "127.0.0.1"),
        ("loopback", "127.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        // The named ranges.
        ("linklocal", "169.254.3.4", ["198.51.100.1"], "198.51.100.1"),
        ("uniquelocal", "172.31.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("uniquelocal", "172.32.0.1", ["198.51.100.1"], "172.32.0.1"),
        ("UniqueLocal", "fd12::1", ["198.51.100.1"], "198.51.100.1"),
    ]

    @Test("the client is the last hop that isn't a trusted proxy", arguments: cases.indices)
    func client(index: Int) throws {
        let (setting, peer, forwarded, expected) = Self.cases[index]
        #expect(try client(setting, peer: peer, forwarded) == IPAddress(expected), "\(Self.cases[index])")
    }

    @Test(
        "a setting that can't be read is refused",
        arguments: ["-1", "loopbak", "10.0.0.0/40", "loopback,,x", "1.5", "10.0.0.0/8 fd00::/8"])
    func refused(setting: String) {
        #expect(TrustedProxies(setting) == nil)
    }

    @Test("the default trusts this machine and nobody else")
    func standard() throws {
        #expect(TrustedProxies.loopback.trusts(try #require(IPAddress("127.8.8.8")), hop: 0))
        #expect(!TrustedProxies.loopback.trusts(try #require(IPAddress("10.0.0.1")), hop: 0))
    }
}
