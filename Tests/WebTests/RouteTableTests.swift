import SignalboxMetrics
import Testing
@testable import Web

@Suite("The route of a path")
struct RouteTableTests {
    private func match(_ path: String) -> RouteTable.Match { RouteTable.match(path[...]) }

    @Test("every template leads to its route", arguments: Route.allCases.filter { $0 != .unmatched })
    func templates(route: Route) {
        let path = route.text.replacing(":id", with: "room-1").replacing(":file", with: "a.css")
        #expect(match(path).route == route)
    }

    @Test(
        "case and a trailing slash don't matter",
        arguments: [
            ("/API/Health", Route.health), ("/api/health/", .health), ("/Admin/STATS/", .adminStats),
            ("/", .home),
            ("/api/ROOMS/Ab_c/MESSAGES/", .roomMessages),
        ])
    func lenient(path: String, expected: Route) {
        #expect(match(path).route == expected)
    }

    @Test("a parameter keeps its case")
    func parameterCase() {
        #expect(match("/API/ROOMS/MiXed/EVENTS").parameter == "MiXed")
    }

    @Test(
        "a path that isn't quite a template matches none",
        arguments: [
            "", "*", "api/health", "/api//health", "//api/health", "//", "/api/health//", "/api/healthz",
            "/api",
            "/api/rooms", "/api/rooms/", "/api/rooms//messages", "/api/rooms/a/b/messages", "/api/rooms/a",
            "/%61pi/health", "/api/health/../health", "/assets", "/assets/", "/assets/a/b", "/api\\health",
            "/ſtats",
        ])
    func unmatched(path: String) {
        #expect(match(path) == RouteTable.Match(route: .unmatched, parameter: ""))
    }

    @Test(
        "a parameter is decoded once",
        arguments: [
            ("/assets/a%20b", "a b"), ("/assets/%2e%2e%2fx", "../x"), ("/assets/%2525", "%25"),
            ("/assets/%C3%A9", "é"),
            ("/assets/a+b", "a+b"), ("/assets/%00", "\0"), ("/assets/..", ".."),
        ])
    func decoded(path: String, expected: String) {
        #expect(match(path) == RouteTable.Match(route: .asset, parameter: expected))
    }

    @Test(
        "broken percent-encoding keeps the route and has no parameter",
        arguments: ["%", "%4", "%zz", "a%ff", "%C3"])
    func broken(parameter: String) {
        #expect(match("/assets/" + parameter) == RouteTable.Match(route: .asset, parameter: nil))
    }

    @Test("HEAD is answered wherever GET is, and Allow says so")
    func methods() {
        #expect(Route.health.answers(.head))
        #expect(!Route.roomMessages.answers(.head))
        #expect(!Route.roomMessages.answers(.get))
        #expect(Route.adminLogin.allow == "GET, HEAD, POST")
        #expect(Route.roomMessages.allow == "POST")
        #expect(Route.allCases.allSatisfy { !$0.answers(.other) })
    }
}
