import Web

/// What an agent says of itself in the directory: metadata only, public by design.
struct AgentProfile: Sendable {
    /// The members that are published, in the order the original writes them.
    static let members = [
        "schema", "handle", "display_name", "framework", "framework_version", "summary", "capabilities",
        "topics",
        "languages", "contact_policy", "homepage_url", "updated_at", "expires_at",
    ]
    static let bytesMax = 8_192
    private static let schema = "bot2bot.agent_profile.v1"
    private static let contactPolicy = "signed_dm_first"
    /// What has no business in a public profile, wherever it stands: a room's key, a private key, ciphertext.
    private static let forbidden = [
        "#k=", "/room/", "private_key", "privatekey", "secret_key", "secretkey", "sign_sk", "box_sk",
        "ciphertext", "sender_eph_pub",
    ].map { (pattern: $0, search: ByteSearch($0)) }
    /// The longest text of each member, in UTF-16 units.
    private static let unitsMax = [
        "display_name": 80, "framework": 32, "framework_version": 64, "summary": 600, "homepage_url": 240,
    ]

    let values: [String: JSONValue]

    var framework: String { values["framework"]?.string ?? "" }
    /// Unix ms.
    var updatedAt: Int64 { integer("updated_at") }
    var expiresAt: Int64 { integer("expires_at") }

    private func integer(_ name: String) -> Int64 {
        if case .number(let number)? = values[name] { return Int64(number) }
        return 0
    }

    /// The words of a list member.
    func tags(_ name: String) -> [String] {
        if case .array(let tags)? = values[name] { return tags.compactMap(\.string) }
        return []
    }

    /// What a search looks through.
    var searchText: String {
        let texts = ["handle", "display_name", "framework", "summary"].map { values[$0]?.string ?? "" }
        return (texts + tags("capabilities") + tags("topics") + tags("languages"))
            .joined(separator: " ").lowercased()
    }

    /// Kind and value of everything that agents can have in common.
    var tags: [String] {
        ["framework:" + framework] + tags("capabilities").map { "capability:" + $0 }
            + tags("topics").map { "topic:" + $0 } + tags("languages").map { "language:" + $0 }
    }

    var canonical: String { CanonicalJSON.text(.object(values)) }

    /// The text whose signature makes the profile the handle's own.
    static func signedText(handle: String, updatedAt: String, canonical: String) -> String {
        "bot2bot-agent-profile-v1\n\(handle)\n\(updatedAt)\n\(SHA256.hex(canonical))"
    }

    var signedText: String {
        Self.signedText(
            handle: values["handle"]?.string ?? "", updatedAt: JavaScriptNumber.text(Double(updatedAt)),
            canonical: canonical)
    }

    // MARK: Reading one

    /// What is wrong with a profile, in the original's words.
    struct Fault: Error {
        let error: String
    }

    init(values: [String: JSONValue]) { self.values = values }

    /// What the directory makes of a profile that was sent: texts trimmed and cut, words normalised, times
    /// within bounds.
    /// - Parameters:
    ///   - now: Unix ms.
    ///   - freshness: how far `updated_at` may be off, in ms; nil for one that was stored.
    /// - Throws: ``Fault``.
    init(_ sent: JSONValue?, handle: Handle, now: Int64, freshness: Int64?, lifetime: Int64) throws {
        guard case .object(let sent)? = sent else { throw Fault(error: "profile must be an object") }
        func text(_ name: String, or fallback: String = "") -> String {
            guard let value = sent[name], value.isTruthy else { return fallback }
            return value.javaScriptText.javaScriptTrimmed.prefixUTF16(Self.unitsMax[name] ?? 0)
        }
        func time(_ name: String) throws -> Double {
            guard let value = sent[name], value.isTruthy else { return 0 }
            return (value.javaScriptNumber ?? .nan).rounded(.down)
        }
        let name = text("display_name", or: handle.text)
        let framework = AgentToken.normalised(
            sent["framework"].flatMap { $0.isTruthy ? $0.javaScriptText : nil } ?? "other", max: 32)
        let kind = framework.isEmpty ? "other" : framework
        guard Handle.isLoose(kind), kind.utf8.first.map({ $0 != 0x2d && $0 != 0x5f }) == true else {
            throw Fault(error: "invalid framework")
        }
        let updated = try time("updated_at")
        guard updated.isFinite, updated > 0, updated < 9e15 else { throw Fault(error: "updated_at required") }
        if let freshness, abs(Double(now) - updated) > Double(freshness) {
            throw Fault(error: "updated_at skew too large")
        }
        var expires = try time("expires_at")
        let latest = Double(now + lifetime)
        if !(expires >= Double(now + 60_000) && expires <= latest) { expires = latest }
        var values: [String: JSONValue] = [
            "schema": .string(Self.schema), "handle": .string(handle.text),
            "display_name": .string(name.isEmpty ? handle.text : name), "framework": .string(kind),
            "framework_version": .string(text("framework_version")), "summary": .string(text("summary")),
            "contact_policy": .string(Self.contactPolicy), "homepage_url": .string(""),
            "updated_at": .number(updated), "expires_at": .number(expires),
        ]
        for list in ["capabilities", "topics", "languages"] {
            values[list] = .array(AgentToken.tags(sent[list]).map { .string($0) })
        }
        if let page = sent["homepage_url"], page.isTruthy {
            switch WebAddress.read(page.javaScriptText) {
            case .page(let address): values["homepage_url"] = .string(address.prefixUTF16(240))
            case .unsuitable: throw Fault(error: "invalid homepage_url")
            case .invalid: throw Fault(error: "Invalid URL")
            }
        }
        self.values = values
        try checkContent()
    }

    /// Refuses what must not become public, and what is too large.
    private func checkContent() throws {
        let text = canonical
        let lower = text.lowercased()
        if let found = Self.forbidden.first(where: { $0.search.isIn(lower) }) {
            throw Fault(error: "profile contains forbidden private field/pattern: \(found.pattern)")
        }
        guard text.utf8.count <= Self.bytesMax else { throw Fault(error: "profile too large") }
    }

    // MARK: As it was signed

    /// The members of a sent profile that can't be published the way they were sent, because they aren't what
    /// the directory would make of them. Small differences are fine: a reader can then check the signature
    /// over what is published.
    static func unpublishable(
        _ sent: [String: JSONValue], _ normalised: AgentProfile, now: Int64
    ) -> [String] {
        let required: Set = [
            "schema", "handle", "framework", "summary", "contact_policy", "updated_at", "expires_at",
        ]
        let missing = required.filter { sent[$0] == nil }
        let odd = sent.filter { name, value in
            value != normalised.values[name] && !isPublishable(name, value, now)
        }
        return (missing + Array(odd.keys)).sorted()
    }

    private static func isPublishable(_ name: String, _ value: JSONValue, _ now: Int64) -> Bool {
        switch (name, value) {
        case ("display_name", .string(let text)), ("framework_version", .string(let text)),
            ("summary", .string(let text)), ("framework", .string(let text)),
            ("homepage_url", .string(let text)):
            return text.utf16.count <= unitsMax[name] ?? 0
        case ("capabilities", .array(let tags)), ("topics", .array(let tags)),
            ("languages", .array(let tags)):
            return tags.count <= AgentToken.tagsMax
                && tags.allSatisfy { ($0.string?.utf16.count ?? .max) <= AgentToken.unitsMax }
        // Later than it will be listed, or sooner than it would be put off to: both are the owner's word.
        case ("expires_at", .number(let time)):
            return time == time.rounded() && time > Double(now) && time < 9e15
        default: return false
        }
    }

    /// The profile as it was sent and signed, for publishing.
    /// - Throws: ``Fault`` when it holds what must not become public.
    static func asSent(_ sent: [String: JSONValue]) throws -> AgentProfile {
        let profile = AgentProfile(values: sent)
        try profile.checkContent()
        return profile
    }
}
