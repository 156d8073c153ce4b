import Testing
import Web
@testable import Relay

/// The expected values are what the original's cleanAgentProfile gives in node 20 at the same time of day.
@Suite("A profile as the directory makes it")
struct AgentProfileTests {
    private static let now = ProfileHouse.start
    private static let week: Int64 = 604_800_000

    private func made(_ members: [String: JSONValue], freshness: Int64? = 300_000) throws -> AgentProfile {
        let sent = ["updated_at": .number(Double(Self.now))].merging(members) { $1 }
        return try AgentProfile(
            .object(sent), handle: .made("alice"), now: Self.now, freshness: freshness, lifetime: Self.week)
    }

    private func fault(_ members: [String: JSONValue]) -> String? {
        do {
            _ = try made(members)
            return nil
        } catch { return (error as? AgentProfile.Fault)?.error ?? "\(error)" }
    }

    @Test("has every member, whatever was sent")
    func empty() throws {
        #expect(
            try made([:]).canonical
                == #"{"capabilities":[],"contact_policy":"signed_dm_first","display_name":"alice","#
                + #""expires_at":1700604800000,"framework":"other","framework_version":"","handle":"alice","#
                + #""homepage_url":"","languages":[],"schema":"bot2bot.agent_profile.v1","summary":"","#
                + #""topics":[],"updated_at":1700000000000}"#)
        let fixed: [String: JSONValue] = [
            "schema": .string("x"), "handle": .string("bob"), "contact_policy": .string("anyone"),
            "extra": .number(1),
        ]
        #expect(try made(fixed).canonical == made([:]).canonical)
    }

    @Test("is signed over the text that the original's clients sign")
    func signedText() throws {
        let profile = try made([
            "display_name": .string("Alice"), "summary": .string("two\nlines 🚂 é"),
            "capabilities": .array([.string("Code Review"), .string("C++")]),
            "topics": .array([.string("x")]), "languages": .array([.string("de")]),
            "homepage_url": .string("https://example.com"), "framework": .string("LangChain"),
            "framework_version": .number(1.5),
        ])
        #expect(
            profile.signedText
                == "bot2bot-agent-profile-v1\nalice\n1700000000000\n"
                + "df332c9ed3b3b226fcbce68d1676c858f16ca63bbfad4b046c4b45b93bf255d8")
        #expect(
            profile.tags == [
                "framework:langchain", "capability:code-review", "capability:c++", "topic:x", "language:de",
            ])
        #expect(profile.searchText == "alice alice langchain two\nlines 🚂 é code-review c++ x de")
    }

    private static let texts: [(member: String, sent: JSONValue, made: String)] = [
        ("display_name", .string("  Alice B  "), "Alice B"), ("display_name", .string(""), "alice"),
        ("display_name", .string("   "), "alice"), ("display_name", .number(7), "7"),
        ("display_name", .number(0), "alice"), ("display_name", .number(1.5), "1.5"),
        ("display_name", .array([.string("a"), .string("b")]), "a,b"),
        ("display_name", .object([:]), "[object Object]"), ("display_name", .bool(true), "true"),
        ("display_name", .bool(false), "alice"), ("display_name", .null, "alice"),
        ("display_name", .string("\u{feff}\u{a0}x\u{2028}"), "x"),
        (
            "display_name", .string(String(repeating: "x", count: 79) + " y"),
            String(repeating: "x", count: 79) + " "
        ),
        ("display_name", .string(String(repeating: "🚂", count: 41)), String(repeating: "🚂", count: 40)),
        ("framework", .string("LangChain"), "langchain"),
        ("framework", .string("My Framework!"), "my-framework"),
        ("framework", .string(""), "other"), ("framework", .string("!!!"), "other"),
        ("framework", .string(String(repeating: "y", count: 40)), String(repeating: "y", count: 32)),
        ("framework", .number(3), "3"), ("framework", .array([.string("A b")]), "a-b"),
        ("framework", .string("-x-"), "x"), ("framework", .string("9to5"), "9to5"),
        ("framework", .object([:]), "object-object"), ("framework", .bool(false), "other"),
        ("framework_version", .string(" 1.2 "), "1.2"), ("framework_version", .number(1.2), "1.2"),
        ("framework_version", .number(0), ""),
        ("framework_version", .string(String(repeating: "v", count: 65)), String(repeating: "v", count: 64)),
        ("summary", .string(" two\nlines "), "two\nlines"), ("summary", .null, ""),
        ("summary", .string(String(repeating: "s", count: 601)), String(repeating: "s", count: 600)),
        ("summary", .array([.string("a"), .null, .number(1)]), "a,,1"),
        ("homepage_url", .string("https://example.com"), "https://example.com/"),
        ("homepage_url", .string(""), ""),
        ("homepage_url", .array([.string("https://example.com/q")]), "https://example.com/q"),
        (
            "homepage_url", .string("https://example.com/" + String(repeating: "p", count: 300)),
            "https://example.com/" + String(repeating: "p", count: 220)
        ),
    ]

    @Test("texts are trimmed, cut and normalised", arguments: texts.indices)
    func text(index: Int) throws {
        let (member, sent, expected) = Self.texts[index]
        #expect(try made([member: sent]).values[member] == .string(expected), "\(member)")
    }

    @Test(
        "a framework's word is a plain one",
        arguments: ["a.b", "_x", "a:b", "a+b"])
    func framework(text: String) {
        #expect(fault(["framework": .string(text)]) == "invalid framework")
    }

    @Test(
        "the time it was made must be near, whatever it is written as",
        arguments: [
            (.number(1_700_000_000_000.9), 1_700_000_000_000), (.string("1700000000000"), 1_700_000_000_000),
            (.string(" 1700000000000 "), 1_700_000_000_000), (.string("1700000000000.7"), 1_700_000_000_000),
            (.number(1_700_000_300_000), 1_700_000_300_000), (.number(1_699_999_700_000), 1_699_999_700_000),
            (.number(1_700_000_300_000.5), 1_700_000_300_000),
        ] as [(JSONValue, Int64)])
    func updatedAt(sent: JSONValue, expected: Int64) throws {
        #expect(try made(["updated_at": sent]).updatedAt == expected)
    }

    @Test(
        "or it is refused",
        arguments: [
            (.number(1_700_000_300_001), "skew too large"), (.number(1_699_999_699_999), "skew too large"),
            (.number(1_699_999_699_999.5), "skew too large"), (.bool(true), "skew too large"),
            (.null, "required"), (.string("soon"), "required"), (.number(0), "required"),
            (.number(-1), "required"), (.number(0.5), "required"), (.string("Infinity"), "required"),
            (.object([:]), "required"),
        ] as [(JSONValue, String)])
    func badUpdatedAt(sent: JSONValue, words: String) {
        #expect(fault(["updated_at": sent]) == "updated_at \(words)")
    }

    @Test("times beyond every calendar are refused and no crash", arguments: [1e300, 9e15, -1e300, 1.8e19])
    func wildTimes(time: Double) throws {
        #expect(fault(["updated_at": .number(time)]) != nil)
        #expect(try made(["expires_at": .number(time)]).expiresAt == Self.now + Self.week)
    }

    @Test(
        "it is listed for a minute at least and a week at most, else for a week",
        arguments: [
            (.number(1_700_000_060_000), 60_000), (.number(1_700_000_060_000.7), 60_000),
            (.number(1_700_000_059_999), week), (.number(1_700_604_800_000), week),
            (.number(1_700_604_800_000.5), week), (.number(1_700_604_800_001), week),
            (.number(1_700_604_799_999), week - 1), (.string("1700000100000"), 100_000),
            (.string("x"), week), (.number(-5), week), (.null, week),
        ] as [(JSONValue, Int64)])
    func expiresAt(sent: JSONValue, after: Int64) throws {
        #expect(try made(["expires_at": sent]).expiresAt == Self.now + after)
    }

    @Test("a stored one may be of any age")
    func stored() throws {
        #expect(try made(["updated_at": .number(1)], freshness: nil).updatedAt == 1)
    }

    @Test(
        "what isn't an object is none",
        arguments: [nil, .null, .string("x"), .array([]), .number(1)] as [JSONValue?])
    func noObject(sent: JSONValue?) throws {
        #expect(throws: AgentProfile.Fault.self) {
            try AgentProfile(sent, handle: .made("alice"), now: 0, freshness: nil, lifetime: 1)
        }
    }

    @Test(
        "a home page that is none is refused in the original's words",
        arguments: [
            ("nope", "Invalid URL"), ("ftp://x/", "invalid homepage_url"),
            ("https://x/#k", "invalid homepage_url"), ("7", "Invalid URL"),
        ])
    func homepage(text: String, words: String) {
        #expect(fault(["homepage_url": .string(text)]) == words)
    }
}
