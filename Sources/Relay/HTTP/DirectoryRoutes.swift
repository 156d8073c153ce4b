import HTTPTypes
import NIOCore
import SignalboxMetrics
import Web

/// The agent directory: search, matches, single profiles, and what owners do with theirs.
struct DirectoryRoutes: Sendable {
    let relay: RelayState
    private var directory: Directory { relay.directory }

    /// Adds the routes to the cold router.
    func add(to router: ColdRouter) {
        router.on(.agents) { search($0.front) }
        router.on(.agentMatches) { matches($0.front) }
        router.on(.agent) { agent($0.front) }
        router.on(.agentProfile, method: .put) { await publish($0.front) }
        router.on(.agentProfile, method: .delete) { await unpublish($0.front) }
        router.on(.agentHeartbeat, method: .post) { heartbeat($0.front) }
        router.on(.agentsFile) { snapshot($0.front) }
        router.on(.agentsWellKnown) { snapshot($0.front) }
    }

    // MARK: Reading

    private func search(_ request: FrontRequest) -> FrontResponse {
        if let reason = relay.rates.reached(.directory, by: request.client) {
            return Refused.rate(reason, retryAfter: 1)
        }
        let query = request.query
        var search = Directory.Search()
        search.text = (query["q"] ?? "").prefixUTF16(256).javaScriptTrimmed.lowercased()
        search.framework = AgentToken.normalised(query["framework"] ?? "", max: 32)
        search.capability = AgentToken.normalised(query["capability"] ?? "")
        search.topic = AgentToken.normalised(query["topic"] ?? "")
        search.language = AgentToken.normalised(query["language"] ?? "")
        let limit = Self.limit(query, usual: 50, max: 100)
        let cursor = Int(clamping: max(0, query.lenientInteger("cursor") ?? 0))
        let found = directory.search(search)
        let page = found.dropFirst(cursor).prefix(limit)
        let next = found.count - limit > cursor ? Int64(cursor + limit) : nil
        return .listing(
            JSONWriter.object(capacity: 256 + page.count * 1_024) {
                $0.key("agents")
                $0.array { list in page.forEach { directory.write($0, to: &list) } }
                $0.field("count", page.count)
                $0.field("next_cursor", next)
            })
    }

    private static func limit(_ query: Query, usual: Int, max most: Int64) -> Int {
        let asked = query.lenientInteger("limit") ?? 0
        return asked == 0 ? usual : Int(max(1, min(most, asked)))
    }

    private func matches(_ request: FrontRequest) -> FrontResponse {
        if let reason = relay.rates.reached(.directory, by: request.client) {
            return Refused.rate(reason, retryAfter: 1)
        }
        guard let handle = Handle(path: request.query["handle"] ?? "") else {
            return Refused.bad("valid handle query required", "bad_handle")
        }
        guard let entry = directory.find(handle) else { return Self.unknownProfile }
        let limit = Self.limit(request.query, usual: 20, max: 50)
        let found = directory.matches(of: entry, limit: limit)
        return .listing(
            JSONWriter.object(capacity: 256 + found.count * 1_024) {
                $0.key("agents")
                $0.array { list in
                    for match in found { directory.write(match.entry, to: &list, score: match.score) }
                }
                $0.field("count", found.count)
                $0.key("next_cursor")
                $0.null()
            })
    }

    private func agent(_ request: FrontRequest) -> FrontResponse {
        guard let handle = Handle(path: request.parameter) else { return Refused.badHandle }
        guard let entry = directory.find(handle) else { return Self.unknownProfile }
        return .listing(
            JSONWriter.object(capacity: 1_536) {
                $0.key("agent")
                directory.write(entry, to: &$0)
            })
    }

    /// The whole directory's newest hundred, for crawlers.
    private func snapshot(_ request: FrontRequest) -> FrontResponse {
        if let reason = relay.rates.reached(.directory, by: request.client) {
            return Refused.rate(reason, retryAfter: 1)
        }
        let agents = directory.search(Directory.Search()).prefix(100)
        return .listing(
            JSONWriter.object(capacity: 512 + agents.count * 1_024) {
                $0.field("schema", "bot2bot.agent_directory.v1")
                $0.field("directory", "Signalbox Agent Directory")
                $0.field("contact_policy", "signed_dm_first")
                $0.key("endpoints")
                $0.object {
                    $0.field("search", "/api/agents")
                    $0.field("matches", "/api/agents/matches?handle=<handle>")
                    $0.field("profile", "/api/agents/<handle>")
                }
                $0.key("agents")
                $0.array { list in agents.forEach { directory.write($0, to: &list) } }
            })
    }

    private static let unknownProfile = FrontResponse.refusal(
        .notFound, ErrorBody("profile not found", reason: "unknown_profile"))

    // MARK: Writing

    private func publish(_ request: FrontRequest) async -> FrontResponse {
        let body: JSONValue
        do { body = try request.jsonBody() } catch { return Refused.malformed(error) }
        guard let handle = Handle(path: request.parameter) else { return Refused.badHandle }
        if let reason = relay.rates.reached(.profile(handle), by: request.client) {
            return Refused.rate(reason, retryAfter: 5)
        }
        guard let identity = relay.book.find(handle) else {
            return .refusal(
                .notFound, ErrorBody("identity not registered", reason: "unknown_handle"))
        }
        switch await relay.profiles.publish(body, by: identity) {
        case .published(let entry):
            return .json(
                JSONWriter.object(capacity: 1_536) {
                    $0.field("ok", true)
                    $0.field("handle", handle.text)
                    $0.key("profile")
                    directory.write(entry, to: &$0)
                }, status: .created)
        case .bad(let words): return Refused.bad(words, "bad_profile")
        case .badEncoding:
            return Refused.bad(
                "profile_sig must be strict canonical base64 of 64 bytes", "bad_signature_encoding")
        case .stale:
            return .refusal(.conflict, ErrorBody("stale profile update", reason: "stale_profile"))
        case .badSignature:
            return .refusal(.unauthorized, ErrorBody("bad profile signature", reason: "bad_signature"))
        case .differs(let members): return Self.differs(members)
        case .storeUnavailable: return Refused.storeUnavailable
        }
    }

    /// The signature is good, but over something else than would be published; which members those are.
    private static func differs(_ members: [String]) -> FrontResponse {
        // Members nobody knows are named as such: their names are the client's own.
        let named = members.map { AgentProfile.members.contains($0) ? $0 : "unknown member" }
        let listed = named.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return .json(
            JSONWriter.object {
                $0.field(
                    "error",
                    "profile differs from what would be published in: \(listed.joined(separator: ", "))")
                $0.field("reason", "profile_differs")
                $0.key("fields")
                $0.array { list in members.prefix(32).forEach { list.string($0.prefixUTF16(64)) } }
            }, status: .badRequest)
    }

    private func owner(_ request: FrontRequest) -> (identity: Identity?, refusal: FrontResponse) {
        guard let handle = Handle(path: request.parameter) else { return (nil, Refused.badHandle) }
        if let reason = relay.rates.reached(.signed(handle), by: request.client) {
            return (nil, Refused.rate(reason, retryAfter: 5))
        }
        // Who isn't registered can't sign; the original says no more than that.
        guard let identity = relay.book.find(handle) else {
            return (nil, Refused.signature(.bad) ?? Refused.unknownHandle)
        }
        if let refusal = Refused.signature(relay.requests.check(request, of: identity)) {
            return (nil, refusal)
        }
        return (identity, Self.unknownProfile)
    }

    private func unpublish(_ request: FrontRequest) async -> FrontResponse {
        let (owner, refusal) = owner(request)
        guard let owner else { return refusal }
        guard await relay.profiles.unpublish(owner) else { return Refused.storeUnavailable }
        return .json(
            JSONWriter.object {
                $0.field("ok", true)
                $0.field("handle", owner.handle.text)
            })
    }

    private func heartbeat(_ request: FrontRequest) -> FrontResponse {
        let (owner, refusal) = owner(request)
        guard let owner, let expires = directory.heartbeat(owner.handle) else { return refusal }
        relay.book.touch(owner.handle)
        return .json(
            JSONWriter.object {
                $0.field("ok", true)
                $0.field("handle", owner.handle.text)
                $0.field("expires_at", expires)
            })
    }
}

extension FrontResponse {
    /// Public data that may be half a minute old.
    fileprivate static func listing(_ json: ByteBuffer) -> FrontResponse {
        .json(json, headers: [(name: "Cache-Control", value: "public, max-age=30")])
    }
}
