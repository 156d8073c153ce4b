import NIOCore
import SignalboxMetrics
import Testing
import Web
@testable import Relay

@Suite("The directory")
struct DirectoryTests {
    private static let start = ProfileHouse.start

    private func names(_ entries: [Directory.Entry]) -> [String] { entries.map(\.handle.text) }

    private func house(_ entries: [Directory.Entry]) -> ProfileHouse { ProfileHouse(stored: entries) }

    @Test("shows who was seen last first, and those of one moment as JavaScript's localeCompare sorts")
    func order() throws {
        // Sorted by node 20.
        let sorted = [
            "00", "0a", "1_0", "1-0", "10", "9z", "a_", "a__b", "a_-b", "a_b", "a-", "a-_b", "a--b", "a-b",
            "a1", "aa", "ab", "ab_c", "ab-c", "ab1", "abc", "z_", "z-",
        ]
        var entries = try sorted.reversed().map { try ProfileHouse.entry($0) }
        entries.append(try ProfileHouse.entry("zz-latest", lastSeenAt: Self.start + 1))
        entries.append(try ProfileHouse.entry("00-first", lastSeenAt: Self.start - 1))
        let found = house(entries).directory.search(.init())
        #expect(names(found) == ["zz-latest"] + sorted + ["00-first"])
    }

    private static func looking(
        text: String = "", framework: String = "", capability: String = "", topic: String = "",
        language: String = ""
    ) -> Directory.Search {
        var search = Directory.Search()
        search.text = text
        (search.framework, search.capability) = (framework, capability)
        (search.topic, search.language) = (topic, language)
        return search
    }

    private static let searches: [(search: Directory.Search, found: [String])] = [
        (looking(), ["anna", "bert", "cleo"]), (looking(text: "anna"), ["anna"]),
        (looking(text: "tea"), ["anna", "bert"]),
        (looking(text: "lang"), ["anna"]), (looking(text: "nothing"), []),
        (looking(framework: "langchain"), ["anna"]),
        (looking(framework: "lang"), []), (looking(framework: "other"), ["bert", "cleo"]),
        (looking(capability: "tea"), ["anna"]), (looking(topic: "tea"), ["bert"]),
        (looking(language: "de"), ["anna", "bert"]),
        (looking(topic: "tea", language: "de"), ["bert"]), (looking(text: "bert", capability: "tea"), []),
        (looking(text: "über"), ["cleo"]), (looking(text: " "), ["anna", "bert", "cleo"]),
    ]

    @Test(
        "finds by text within, and by whole words of each kind, all of them together",
        arguments: searches.indices)
    func search(index: Int) throws {
        let (search, found) = Self.searches[index]
        let de = JSONValue.array([.string("de")])
        let house = house([
            try ProfileHouse.entry(
                "anna",
                [
                    "framework": .string("LangChain"), "capabilities": .array([.string("tea")]),
                    "languages": de,
                ]),
            try ProfileHouse.entry("bert", ["topics": .array([.string("Tea")]), "languages": de]),
            try ProfileHouse.entry("cleo", ["summary": .string("Über alles")]),
        ])
        #expect(names(house.directory.search(search)) == found)
    }

    @Test(
        "text is found by its units, as JavaScript's includes finds it",
        arguments: [
            ("cafe", "cafe\u{301}", true), ("caf\u{e9}", "cafe\u{301}", false),
            ("👨", "👨\u{200d}👩\u{200d}👧", true),
            ("a", "a\u{301}", true), ("\n", "a\r\nb", true), ("", "", true), ("ab", "a", false),
        ])
    func units(text: String, summary: String, isFound: Bool) throws {
        let entry = try ProfileHouse.entry(
            "zz", ["summary": .string(summary), "display_name": .string("zz")])
        #expect(Self.looking(text: text).matches(entry) == isFound)
    }

    @Test("matches are those that share words of the same kind, most first, then seen last")
    func matches() throws {
        func tags(_ words: String...) -> JSONValue { .array(words.map { .string($0) }) }
        let anna = try ProfileHouse.entry("anna", ["capabilities": tags("tea", "code"), "topics": tags("x")])
        let house = house([
            anna,
            try ProfileHouse.entry("one", ["framework": .string("else"), "capabilities": tags("tea")]),
            try ProfileHouse.entry("two", ["capabilities": tags("tea")], lastSeenAt: Self.start - 9),
            try ProfileHouse.entry("three", ["capabilities": tags("code", "tea"), "topics": tags("x", "y")]),
            try ProfileHouse.entry(
                "wrong-kind", ["framework": .string("else"), "topics": tags("tea", "code")]),
            try ProfileHouse.entry("late", ["capabilities": tags("tea")], lastSeenAt: Self.start + 1),
            try ProfileHouse.entry("gone", ["capabilities": tags("tea", "code")], expiresAt: Self.start),
        ])
        let found = house.directory.matches(of: anna, limit: 50)
        #expect(found.map(\.entry.handle.text) == ["three", "late", "two", "one"])
        // The framework counts as well: they all have "other" but one.
        #expect(found.map(\.score) == [4, 2, 2, 1])
        #expect(house.directory.matches(of: anna, limit: 2).count == 2)
    }

    @Test(
        "in a large one the order may be five seconds old, but who is new, gone or out of time is right"
    )
    func large() throws {
        let house = house(
            try (0..<1_200).map {
                try ProfileHouse.entry("agent-\($0)", expiresAt: Self.start + ($0 == 5 ? 2_000 : 1_000_000))
            })
        func found() -> [String] { names(house.directory.search(.init())) }
        #expect(found().count == 1_200)
        house.clock.now += 2_000
        #expect(found().count == 1_199 && !found().contains("agent-5"))
        _ = house.directory.heartbeat(try .made("agent-700"))
        house.clock.now += 3_000
        #expect(found().first == "agent-700")
        house.directory.remove(try .made("agent-700"))
        #expect(!found().contains("agent-700"))
        house.directory.put(try ProfileHouse.entry("newcomer", lastSeenAt: house.clock.now))
        #expect(found().first == "newcomer")
        house.directory.forget(try .made("newcomer"))
        #expect(found().count == 1_198)
    }

    @Test("an entry is there until its time is over, to the millisecond")
    func expiry() throws {
        let handle = try Handle.made("anna")
        let house = house([try ProfileHouse.entry("anna", expiresAt: Self.start + 100)])
        house.clock.now += 99
        #expect(house.directory.isListed(handle))
        house.directory.sweep()
        #expect(house.directory.count == 1)
        house.clock.now += 1
        #expect(!house.directory.isListed(handle))
        #expect(house.directory.search(.init()).isEmpty)
        #expect(house.directory.heartbeat(handle) == nil)
        house.directory.sweep()
        house.directory.sweep()
        #expect(house.directory.count == 0)
        #expect(house.meter.total(.directory(.expired)) == 1)
    }

    @Test("a sign of life moves an agent up, puts its end off by nothing, and is told to the disk once")
    func heartbeat() throws {
        let (anna, bert) = (try Handle.made("anna"), try Handle.made("bert"))
        let house = house([try ProfileHouse.entry("anna"), try ProfileHouse.entry("bert")])
        house.clock.now += 5
        #expect(house.directory.heartbeat(bert) == Self.start + 1_000_000)
        #expect(house.directory.heartbeat(try .made("nobody")) == nil)
        #expect(names(house.directory.search(.init())) == ["bert", "anna"])
        let unsaved = house.directory.takeUnsaved()
        #expect(unsaved.map(\.handle) == [bert] && unsaved.map(\.lastSeenAt) == [Self.start + 5])
        #expect(house.directory.takeUnsaved().isEmpty)
        _ = house.directory.heartbeat(anna)
        house.directory.forget(anna)
        #expect(house.directory.takeUnsaved().isEmpty)
        #expect(house.meter.total(.directory(.heartbeat)) == 2)
    }

    @Test("what is taken out is counted once, and what makes way with its handle isn't")
    func remove() throws {
        let house = house([try ProfileHouse.entry("anna"), try ProfileHouse.entry("bert")])
        for _ in 0..<2 { house.directory.remove(try .made("anna")) }
        house.directory.forget(try .made("bert"))
        #expect(house.directory.count == 0)
        #expect(house.meter.total(.directory(.unpublished)) == 1)
    }

    @Test("of two that are published at once the newer one stays")
    func race() throws {
        let house = house([])
        house.directory.put(
            try ProfileHouse.entry("anna", ["summary": .string("newer")], updatedAt: Self.start + 2))
        house.directory.put(
            try ProfileHouse.entry("anna", ["summary": .string("older")], updatedAt: Self.start + 1))
        #expect(house.directory.find(try .made("anna"))?.profile.values["summary"] == .string("newer"))
    }

    @Test("an entry is shown with the keys that its handle has now, in the original's order")
    func shown() throws {
        let anna = try Signer("anna")
        let house = house([])
        try house.register(anna)
        var renewed = try anna.identity(registeredAt: house.clock.now)
        renewed.boxKey = anna.boxKey(2)
        house.book.update(renewed)
        var json = JSONWriter()
        let entry = try ProfileHouse.entry("anna", ["extra": .string("unseen")])
        house.directory.write(entry, to: &json, score: 3)
        #expect(
            String(buffer: json.buffer)
                == #"{"schema":"bot2bot.agent_profile.v1","handle":"anna","display_name":"anna","#
                + #""framework":"other","framework_version":"","summary":"","capabilities":[],"#
                + #""topics":[],"languages":[],"contact_policy":"signed_dm_first","homepage_url":"","#
                + #""updated_at":1700000000000,"expires_at":1700604800000,"box_pub":"\#(anna.boxKey(2))","sign_pub":"\#(anna.signKey)","#
                + #""profile_sig":"signature","last_seen_at":1700000000000,"match_score":3}"#)
    }
}
