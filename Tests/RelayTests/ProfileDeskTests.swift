import SignalboxMetrics
import Testing
import Web
@testable import Relay

@Suite("Publishing a profile")
struct ProfileDeskTests {
    private let alice: Signer
    private let house = ProfileHouse()

    init() throws {
        alice = try Signer("alice")
        try house.register(alice)
    }

    private var shown: [String: JSONValue]? { house.directory.find(alice.handle)?.profile.values }

    @Test("a profile in the directory's own form is published as it is")
    func own() async throws {
        #expect(try await house.publish(alice.profile(), by: alice) == "published")
        #expect(shown == alice.profile())
        #expect(house.meter.total(.directory(.published)) == 1)
        #expect(house.meter.total(.signatures(.profile, .accepted)) == 1)
    }

    @Test("one that the client normalised before signing is published normalised, as in the original")
    func normalised() async throws {
        var sent = alice.profile([
            "display_name": .string("  Alice "),
            "topics": .array([.string("Tea Time"), .string("tea time")]),
            "mood": .string("good"), "contact_policy": .string("anyone"),
        ])
        sent["schema"] = nil
        let made = alice.profile(["display_name": .string("Alice"), "topics": .array([.string("tea-time")])])
        #expect(try await house.publish(sent, signing: made, by: alice) == "published")
        #expect(shown == made)
    }

    @Test("defect 19: one that is signed as it was sent is published as it was signed")
    func asSent() async throws {
        let sent = alice.profile([
            "display_name": .string("  Alice "),
            "topics": .array([.string("Tea Time"), .string("tea time")]),
            "homepage_url": .string("HTTPS://Alice.Example"), "framework": .string("My Framework"),
        ])
        #expect(try await house.publish(sent, by: alice) == "published")
        #expect(shown == sent)
        // It is found by what the directory makes of it.
        var search = Directory.Search()
        (search.topic, search.framework) = ("tea-time", "my-framework")
        #expect(house.directory.search(search).map(\.handle) == [alice.handle])
    }

    @Test(
        "when a reader couldn't check the signature over what is published, it is told which members differ",
        arguments: [
            (["mood": .string("good")], "mood"), (["contact_policy": .string("anyone")], "contact_policy"),
            (["schema": .string("v2")], "schema"),
            (["summary": .string(String(repeating: "s", count: 601))], "summary"),
            (["display_name": .string(String(repeating: "n", count: 81))], "display_name"),
            (["framework_version": .number(2)], "framework_version"),
            (["languages": .string("de")], "languages"),
            (["topics": .array((0..<33).map { .string("t\($0)") })], "topics"),
            (["topics": .array([.string(String(repeating: "t", count: 41))])], "topics"),
            (["topics": .array([.number(1)])], "topics"), (["summary": .null], "summary"),
            (
                ["summary": .number(1), "capabilities": .null, "a": .null, "Z": .null],
                "Z, a, capabilities, summary"
            ),
            (["expires_at": .number(1)], "expires_at"), (["expires_at": .number(1.8e12 + 0.5)], "expires_at"),
            (["expires_at": .string("1700604800000")], "expires_at"),
        ] as [([String: JSONValue], String)])
    func differs(changes: [String: JSONValue], members: String) async throws {
        #expect(try await house.publish(alice.profile(changes), by: alice) == "differs: \(members)")
        #expect(shown == nil)
    }

    @Test(
        "what was signed must be complete",
        arguments: ["schema", "framework", "summary", "contact_policy", "expires_at"])
    func missing(member: String) async throws {
        var sent = alice.profile()
        sent[member] = nil
        #expect(try await house.publish(sent, by: alice) == "differs: \(member)")
    }

    @Test("at the limits a profile is published as it was signed")
    func limits() async throws {
        let sent = alice.profile([
            "display_name": .string(" " + String(repeating: "n", count: 79)),
            "summary": .string(String(repeating: "s", count: 599) + " "),
            "topics": .array((0..<32).map { .string("T \($0)") }),
            "languages": .array([.string(" " + String(repeating: "l", count: 39))]),
        ])
        #expect(try await house.publish(sent, by: alice) == "published")
        #expect(shown == sent)
    }

    @Test("a later end than the directory lists is the owner's word, and the directory keeps to its own")
    func expiry() async throws {
        let late = Double(ProfileHouse.start + 1_000_000_000)
        #expect(
            try await house.publish(alice.profile(["expires_at": .number(late)]), by: alice) == "published")
        let entry = try #require(house.directory.find(alice.handle))
        #expect(entry.profile.values["expires_at"] == .number(late))
        #expect(entry.expiresAt == ProfileHouse.start + 604_800_000)
    }

    @Test("a sooner one as well")
    func soonExpiry() async throws {
        let soon = Double(ProfileHouse.start + 30_000)
        #expect(
            try await house.publish(alice.profile(["expires_at": .number(soon)]), by: alice) == "published")
        #expect(house.directory.find(alice.handle)?.expiresAt == ProfileHouse.start + 30_000)
    }

    @Test("a signature of somebody else, over another handle or another text is refused")
    func badSignature() async throws {
        let bob = try Signer("bob")
        try house.register(bob)
        let mine = alice.profile()
        #expect(
            try await house.publish(mine, signing: alice.profile(at: ProfileHouse.start + 1), by: alice)
                == "bad signature")
        let stolen = JSONValue.object([
            "profile": .object(mine), "profile_sig": .string(bob.signProfile(mine)),
        ])
        #expect(await house.publish(stolen, by: alice) == "bad signature")
        // Bob's own signature over a profile that names Alice.
        #expect(try await house.publish(mine, by: bob) == "bad signature")
        #expect(house.meter.total(.signatures(.profile, .refused)) == 3)
        #expect(house.directory.count == 0)
    }

    @Test("what must not become public doesn't, signed or not")
    func forbidden() async throws {
        let sent = alice.profile(["summary": .string("my secret_key is")])
        #expect(
            try await house.publish(sent, by: alice)
                == "profile contains forbidden private field/pattern: secret_key")
    }

    @Test(
        "a signature that can't be one is told so first",
        arguments: [nil, .null, .string(""), .string("AAAA"), .number(1), .array([])] as [JSONValue?])
    func encoding(signature: JSONValue?) async {
        var body: [String: JSONValue] = ["profile": .string("not even an object")]
        body["profile_sig"] = signature
        #expect(await house.publish(.object(body), by: alice) == "bad encoding")
    }

    @Test("an earlier one doesn't take a later one's place; one of the same time does")
    func stale() async throws {
        let start = ProfileHouse.start
        for (offset, outcome) in [
            (0, "published"), (-1, "stale"), (0, "published"), (5, "published"), (4, "stale"),
        ]
            as [(Int64, String)]
        {
            #expect(try await house.publish(alice.profile(at: start + offset), by: alice) == outcome)
        }
        #expect(house.directory.find(alice.handle)?.profile.updatedAt == start + 5)
    }

    @Test("once a profile has run out, an earlier one may follow it, swept or not")
    func afterExpiry() async throws {
        let start = ProfileHouse.start
        // Made on a clock that is five minutes ahead, for a minute.
        let ahead = alice.profile(["expires_at": .number(Double(start + 60_000))], at: start + 300_000)
        #expect(try await house.publish(ahead, by: alice) == "published")
        house.clock.now += 60_001
        #expect(try await house.publish(alice.profile(at: start + 60_001), by: alice) == "published")
        #expect(house.directory.find(alice.handle)?.profile.updatedAt == start + 60_001)
    }

    @Test("published again it keeps the day of its first publishing")
    func createdAt() async throws {
        #expect(try await house.publish(alice.profile(), by: alice) == "published")
        house.clock.now += 100_000
        #expect(try await house.publish(alice.profile(at: house.clock.now), by: alice) == "published")
        let entry = try #require(house.directory.find(alice.handle))
        #expect(entry.createdAt == ProfileHouse.start)
        #expect(entry.lastSeenAt == ProfileHouse.start + 100_000)
    }
}
