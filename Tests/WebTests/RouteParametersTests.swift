import SignalboxMetrics
import Testing
@testable import Web

@Suite("Routes with two parameters, and two routes of one path")
struct RouteParametersTests {
    private func match(_ path: String, _ method: Method? = nil) -> RouteTable.Match {
        RouteTable.match(path[...], method: method)
    }

    @Test(
        "both parameters are there, decoded, in their order",
        arguments: [
            ("/api/dm/alice/inbox/0b1c", "alice", "0b1c"), ("/API/DM/Alice/INBOX/Ab/", "Alice", "Ab"),
            ("/api/dm/%40alice/inbox/a%2Fb", "@alice", "a/b"), ("/api/dm/a/inbox/%2525", "a", "%25"),
            ("/api/dm/a/inbox/..", "a", ".."), ("/api/dm/%C3%A9/inbox/%C3%A9", "é", "é"),
        ])
    func two(path: String, first: String, second: String) {
        #expect(
            match(path, .delete)
                == RouteTable.Match(route: .inboxMessage, parameter: first, secondParameter: second))
    }

    @Test("a broken encoding takes out its own parameter alone")
    func broken() {
        #expect(
            match("/api/dm/%zz/inbox/a", .delete)
                == RouteTable.Match(route: .inboxMessage, parameter: nil, secondParameter: "a"))
        #expect(
            match("/api/dm/a/inbox/%ff", .delete)
                == RouteTable.Match(route: .inboxMessage, parameter: "a", secondParameter: nil))
    }

    @Test(
        "an empty parameter is none",
        arguments: ["/api/dm//inbox/a", "/api/dm/a/inbox//", "/api/dm/a/inbox/", "/api/dm/a/inbox"])
    func empty(path: String) {
        #expect(match(path, .delete).route == .unmatched)
    }

    @Test("a route with one parameter has an empty second one")
    func one() {
        #expect(match("/api/rooms/room/claim", .post).secondParameter == "")
        #expect(match("/api/health", .get).secondParameter == "")
    }

    private static let competing: [(path: String, method: Method, route: Route, parameter: String)] = [
        ("/api/identity/register", .post, .identityRegister, ""),
        ("/api/identity/register", .get, .identity, "register"),
        ("/api/identity/Register", .head, .identity, "Register"),
        ("/api/identity/alice", .get, .identity, "alice"), ("/api/identity/alice", .post, .identity, "alice"),
        ("/api/agents/matches", .get, .agentMatches, ""), ("/api/agents/Matches/", .head, .agentMatches, ""),
        ("/api/agents/matches/profile", .put, .agentProfile, "matches"),
        ("/api/dm/alice/inbox/wait", .get, .inboxWait, "alice"),
        ("/api/dm/alice/inbox/wait", .head, .inboxWait, "alice"),
        ("/api/dm/alice/inbox/wait", .delete, .inboxMessage, "alice"),
        ("/api/dm/alice/inbox/waiting", .delete, .inboxMessage, "alice"),
        // No one answers: the first is named, and its methods are what the answer allows.
        ("/api/identity/register", .delete, .identityRegister, ""),
        ("/api/agents/matches", .put, .agentMatches, ""),
        ("/api/dm/alice/inbox/wait", .post, .inboxWait, "alice"),
        ("/api/dm/alice/inbox/wait", .other, .inboxWait, "alice"),
    ]

    @Test("of two routes that fit, the one that answers the method counts", arguments: competing.indices)
    func rivals(index: Int) {
        let (path, method, route, parameter) = Self.competing[index]
        let found = match(path, method)
        #expect(found.route == route && found.parameter == parameter, "\(method) \(path)")
    }

    @Test("without a method the fixed path comes first")
    func fixedFirst() {
        #expect(match("/api/identity/register").route == .identityRegister)
        #expect(match("/api/agents/matches").route == .agentMatches)
        #expect(match("/api/dm/a/inbox/wait").route == .inboxWait)
        #expect(match("/api/dm/a/inbox/wait").secondParameter == "")
    }

    @Test(
        "deeper or shorter paths match nothing",
        arguments: [
            "/api/dm", "/api/dm/", "/api/dm/a/b", "/api/dm/a/inbox/b/c", "/api/agents/a/b", "/api/identity",
            "/api/agents/a/profile/x", "/.well-known", "/agents.json/x", "/api/rooms/a/claim/b",
        ])
    func unmatched(path: String) {
        for method in Method.allCases { #expect(match(path, method).route == .unmatched) }
    }

    @Test(
        "what a refusal of the method allows",
        arguments: [
            (Route.inboxMessage, "DELETE"), (.agentProfile, "PUT, DELETE"), (.agentHeartbeat, "POST"),
            (.identityRegister, "POST"), (.inboxWait, "GET, HEAD"), (.roomClaim, "POST"), (.report, "POST"),
        ])
    func allow(route: Route, value: String) {
        #expect(route.allow == value)
    }
}
