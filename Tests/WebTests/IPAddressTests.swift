import NIOCore
import Testing
@testable import Web

@Suite("IP addresses")
struct IPAddressTests {
    @Test(
        "two spellings of one address are equal",
        arguments: [
            ("192.0.2.1", "::ffff:192.0.2.1"), ("192.0.2.1", "::FFFF:c000:201"),
            ("192.0.2.1", "192.0.2.1:8080"),
            ("192.0.2.1", " 192.0.2.1 "), ("2001:db8::1", "2001:0DB8:0:0:0:0:0:1"),
            ("2001:db8::1", "[2001:db8::1]:443"),
            ("2001:db8::1", "[2001:db8::1]"), ("fe80::1", "fe80::1%eth0"),
        ])
    func spellings(one: String, other: String) throws {
        let address = try #require(IPAddress(one))
        #expect(IPAddress(other) == address)
    }

    @Test(
        "what is no address is none",
        arguments: [
            "", " ", "unknown", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4x", "1.2.3.4/8", ":",
            "::g",
            "1:2:3:4:5:6:7:8:9", "[::1", "_hidden", "example.com:80", "%", "1.2.3.4\0x",
        ])
    func garbage(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(
        "loopback is known in every spelling",
        arguments: [
            ("127.0.0.1", true), ("127.255.1.2", true), ("::1", true), ("::ffff:127.0.0.1", true),
            ("128.0.0.1", false),
            ("::2", false), ("::", false), ("1::1", false), ("0.0.0.1", false), ("::7f00:1", false),
        ])
    func loopback(text: String, expected: Bool) throws {
        #expect(try #require(IPAddress(text)).isLoopback == expected)
    }

    @Test("limits are kept for an IPv4 address and for an IPv6 network of 64 bits")
    func limitKey() throws {
        func key(_ text: String) throws -> IPAddress { try #require(IPAddress(text)).limitKey }
        #expect(try key("192.0.2.1") != key("192.0.2.2"))
        #expect(try key("2001:db8:1:2:3::4") == key("2001:db8:1:2:ffff:ffff::"))
        #expect(try key("2001:db8:1:2::") != key("2001:db8:1:3::"))
        #expect(try key("192.0.2.1") == key("::ffff:192.0.2.1"))
    }

    @Test("a connected peer's address is the one it is written as", arguments: ["192.0.2.7", "2001:db8::7"])
    func socketAddress(text: String) throws {
        #expect(IPAddress(try SocketAddress(ipAddress: text, port: 80)) == IPAddress(text))
    }

    @Test("a Unix socket has no address")
    func unixSocket() throws {
        #expect(IPAddress(try SocketAddress(unixDomainSocketPath: "/tmp/x")) == nil)
    }
}
