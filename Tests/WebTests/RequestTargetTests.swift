import Testing
@testable import Web

@Suite("The target of a request line")
struct RequestTargetTests {
    @Test(
        "its path is what stands before the query",
        arguments: [
            ("/a/b", "/a/b"), ("/a?b=1", "/a"), ("/a#b", "/a"), ("/a?b#c", "/a"), ("/", "/"), ("*", "*"),
            ("http://evil.example/a?b", "/a"), ("http://evil.example", "/"), ("https://u@h:1/x/y", "/x/y"),
            ("//evil.example/a", "//evil.example/a"), ("http://h?q=1", ""),
            ("/redirect?to=http://h/", "/redirect"),
        ])
    func path(target: String, expected: String) {
        #expect(RequestTarget.path(target) == expected)
    }

    @Test(
        "its query is what follows the first question mark",
        arguments: [
            ("/a?a=1", "1"), ("/a?a=1?2", "1?2"), ("/a?a=1#a=2", "1"), ("http://h/p?a=1", "1"),
            ("/redirect?a=http://h/", "http://h/"),
        ])
    func query(target: String, expected: String) {
        #expect(RequestTarget.query(target)["a"] == expected)
    }

    @Test("without a question mark there is no query")
    func noQuery() {
        #expect(RequestTarget.query("/a").isEmpty)
    }
}
