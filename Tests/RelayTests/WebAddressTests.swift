import Testing
@testable import Relay

/// The expected readings are those of `new URL()` in node 20, with the original's rules on top.
@Suite("A home page's address")
struct WebAddressTests {
    @Test(
        "is written as a browser writes it",
        arguments: [
            ("https://example.com", "https://example.com/"), ("https://example.com/", "https://example.com/"),
            ("HTTP://EXAMPLE.com:80/A", "http://example.com/A"),
            ("https://example.com:443", "https://example.com/"),
            ("https://example.com:444/x?y=1", "https://example.com:444/x?y=1"),
            ("http://example.com:443/", "http://example.com:443/"),
            ("https://example.com/#", "https://example.com/#"),
            ("https://example.com/a#", "https://example.com/a#"),
            ("https://[::1]:8080/x", "https://[::1]:8080/x"), ("http://1.2.3.4/", "http://1.2.3.4/"),
            ("https://example.com./", "https://example.com./"),
            ("https://EXAMPLE.com/ÄÖ?ü=1", "https://example.com/%C3%84%C3%96?%C3%BC=1"),
            ("  https://example.com/  ", "https://example.com/"),
            ("https://example.com?x", "https://example.com/?x"),
            ("https://example.com/a%2fB", "https://example.com/a%2fB"),
            ("https://example.com/😀", "https://example.com/%F0%9F%98%80"),
            ("https://xn--exmple-cua.com/", "https://xn--exmple-cua.com/"),
            ("https://a_b.com/", "https://a_b.com/"),
            ("https://user:pw@example.com", "https://user:pw@example.com/"),
            ("https://example.com/a b", "https://example.com/a%20b"),
            ("https://example.com/a?b=c d", "https://example.com/a?b=c%20d"),
        ])
    func page(text: String, expected: String) {
        #expect(WebAddress.read(text) == .page(expected))
    }

    @Test(
        "with a fragment, which may be a room's key, or of another kind it is none for a page",
        arguments: [
            "https://example.com/#k=abc", "https://example.com/?q=a#b", "ftp://example.com/",
            "https://example.com/#a#", "https://example.com/a#k#", "https://example.com/#\u{301}x",
            "https://example.com/?q#\u{20dd}", "https://example.com/##", "javascript:alert(1)",
            "mailto:a@b.c", "data:text/html,x", "h+.-9://x", "blob:https://a/b",
        ])
    func unsuitable(text: String) {
        #expect(WebAddress.read(text) == .unsuitable)
    }

    @Test(
        "what a browser would mend beyond escaping is none, though the original took it",
        arguments: [
            "https://example.com/a\tb", "https://example.com/\u{0}",
            "http:\\\\example.com\\a", "https://example.com/a\\b", "https:///x", "http:example.com",
            "http:/example.com", "https://example.com:65536/",
        ])
    func stricter(text: String) {
        #expect(WebAddress.read(text) == .invalid)
    }

    @Test(
        "what has no scheme or no host is no address",
        arguments: [
            "", "x", "example.com", "//example.com/", "/path", "http:", "http://", "1http://a", "http//x",
            "https://exa mple.com/", "https://[::1", "https://user@/x", ":", "é://x", "7", "object Object",
        ])
    func invalid(text: String) {
        #expect(WebAddress.read(text) == .invalid)
    }
}
