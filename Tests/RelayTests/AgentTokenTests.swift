import Testing
import Web
@testable import Relay

/// The expected values are what the original's normalizeAgentToken and normalizeAgentTags give in node 20.
@Suite("Words that agents are found by")
struct AgentTokenTests {
    @Test(
        "are normalised as the original does",
        arguments: [
            ("Code Review", "code-review"), ("a !-! b", "a---b"), ("--a--", "a"), ("  C++ ", "c++"),
            ("ÄÖ", ""), ("Zoë bot", "zo-bot"), ("a\u{301}b", "a-b"), ("\u{212a}elvin", "kelvin"),
            ("İstanbul", "i-stanbul"), ("a:b.c+d-e_f", "a:b.c+d-e_f"), ("___", "___"), ("-_-", "_"),
            ("日本", ""), ("a\tb\nc", "a-b-c"), ("\u{feff}pad\u{a0}", "pad"), ("\u{85}x\u{85}", "x"),
            ("ΑΣ a", "a"), ("1/2", "1-2"), ("!!!", ""), ("🚂x🚂", "x"), ("a\u{200b}b", "a-b"), ("A.B", "a.b"),
            ("..", ".."), ("é", ""), ("", ""), ("-", ""), ("a-", "a"), ("-a", "a"), ("a\r\nb", "a-b"),
            (String(repeating: "x", count: 50), String(repeating: "x", count: 40)),
            // Cut last, so a hyphen may stand at the end.
            (String(repeating: "a", count: 39) + " b", String(repeating: "a", count: 39) + "-"),
        ])
    func normalised(text: String, expected: String) {
        #expect(AgentToken.normalised(text) == expected)
    }

    @Test("a framework's may be 32 long")
    func shorter() {
        #expect(AgentToken.normalised(String(repeating: "y", count: 40), max: 32).count == 32)
    }

    @Test("of a list each counts once, whatever it is; what makes no word is left out")
    func tags() {
        let sent: [JSONValue] = [
            .number(1), .number(2.5), .bool(true), .null, .bool(false), .number(0), .string(""),
            .array([.string("x"), .string("y")]), .object([:]), .array([]), .array([.null]), .string("A "),
            .string("a"), .string("-a-"), .string("b"), .number(-1.5),
        ]
        #expect(
            AgentToken.tags(.array(sent)) == ["1", "2.5", "true", "x-y", "object-object", "a", "b", "1.5"])
    }

    @Test(
        "what isn't a list is none",
        arguments: [nil, .null, .string("abc"), .object(["0": .string("a")]), .number(1)] as [JSONValue?])
    func noList(value: JSONValue?) {
        #expect(AgentToken.tags(value).isEmpty)
    }

    @Test("at most 32 are taken, the first, not counting those that made no word")
    func bounded() {
        let sent: [JSONValue] = (0..<100).flatMap { [.string("!!!"), .string("t\($0)"), .string("t\($0)")] }
        #expect(AgentToken.tags(.array(sent)) == (0..<32).map { "t\($0)" })
    }
}
