import Testing
import Web
@testable import Relay

@Suite("What has no business in a public profile")
struct ProfileContentTests {
    private static let now = ProfileHouse.start

    private func fault(_ members: [String: JSONValue]) -> String? {
        do {
            let sent = ["updated_at": .number(Double(Self.now))].merging(members) { $1 }
            _ = try AgentProfile(
                .object(sent), handle: .made("alice"), now: Self.now, freshness: nil, lifetime: 604_800_000)
            return nil
        } catch { return (error as? AgentProfile.Fault)?.error ?? "\(error)" }
    }

    private static let forbidden: [(member: String, text: String, found: String)] = [
        ("summary", "see #k=abc", "#k="), ("summary", "#K=abc", "#k="), ("summary", "/room/x", "/room/"),
        ("display_name", "PRIVATE_KEY", "private_key"), ("summary", "privateKey", "privatekey"),
        ("summary", "secret_key", "secret_key"), ("summary", "SecretKey", "secretkey"),
        ("framework", "ciphertext", "ciphertext"), ("framework_version", "sender_eph_pub", "sender_eph_pub"),
        ("homepage_url", "https://x.example/room/abc", "/room/"),
        // The Kelvin sign is a k in lower case, in JavaScript too.
        ("summary", "private_\u{212a}ey", "private_key"),
        // A combining mark makes another character of what stands before it, and no other text.
        ("summary", "#k=\u{301}abc", "#k="), ("summary", "/room/\u{301}abc", "/room/"),
        ("summary", "private_key\u{301}", "private_key"),
        ("display_name", "\u{301}ciphertext\u{20dd}", "ciphertext"),
    ]

    @Test("is refused wherever it stands and however it is written", arguments: forbidden.indices)
    func refused(index: Int) {
        let (member, text, found) = Self.forbidden[index]
        #expect(
            fault([member: .string(text)])
                == "profile contains forbidden private field/pattern: \(found)")
    }

    @Test("also in a list", arguments: ["sign_sk", "box_sk", "private_key_x", "ciphertext"])
    func inTags(word: String) {
        for list in ["capabilities", "topics", "languages"] {
            #expect(fault([list: .array([.string("fine"), .string(word)])])?.contains("forbidden") == true)
        }
    }

    @Test(
        "what only sounds like it is fine",
        arguments: [
            "private key", "a room and a #k without more", "secret-key", "private_ke\u{301}y", "cipher text",
        ])
    func fine(text: String) {
        #expect(fault(["summary": .string(text)]) == nil)
    }

    @Test("what isn't published isn't looked at")
    func unpublished() {
        #expect(fault(["sign_sk": .string("secret"), "note": .string("private_key")]) == nil)
    }

    /// A profile whose canonical JSON has 8,000 bytes; each control character takes six.
    private static var large: [String: JSONValue] {
        let tags = JSONValue.array(
            (10..<42).map { .string(String(repeating: "a", count: 38) + String($0)) })
        return [
            "summary": .string("x" + String(repeating: "\u{1}", count: 598) + "x"), "capabilities": tags,
            "topics": tags, "languages": tags,
        ]
    }

    @Test("up to 8,192 bytes fit, and not one more")
    func size() {
        var profile = Self.large
        profile["framework_version"] = .string("x" + String(repeating: "\u{1}", count: 31) + "x")
        profile["display_name"] = .string("aliceabcd")
        #expect(fault(profile) == nil)
        profile["display_name"] = .string("aliceabcde")
        #expect(fault(profile) == "profile too large")
    }

    @Test("bytes are counted, not characters")
    func bytes() {
        var profile = Self.large
        profile["display_name"] = .string(String(repeating: "€", count: 80))
        #expect(fault(profile) == "profile too large")
        profile["summary"] = .string(String(repeating: "€", count: 600))
        #expect(fault(profile) == nil)
    }
}
