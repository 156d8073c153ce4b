import NIOCore
import SignalboxMetrics
import Testing
import TestSupport
import Web

/// The two kinds of route that one front serves; what holds for one must hold for the other.
enum Side: String, CaseIterable, CustomTestStringConvertible {
    case hot, cold

    var testDescription: String { "a \(rawValue) route" }
    var getPath: String { self == .hot ? "/api/health" : "/" }
    var getRoute: Route { self == .hot ? .health : .home }
    var postPath: String { self == .hot ? "/api/rooms/room-1/messages" : "/admin/login" }
    var postRoute: Route { self == .hot ? .roomMessages : .adminLogin }

    func get(_ query: String = "", headers: String = "") -> String {
        "GET \(getPath)\(query) HTTP/1.1\r\nHost: relay\r\n\(headers)\r\n"
    }

    func post(_ body: String, headers: String = "") -> String {
        "POST \(postPath) HTTP/1.1\r\nHost: relay\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n"
            + body
    }

    /// Answers what the stubs are asked: the side, what came in, and from whom.
    private static func echo(_ side: String, _ request: FrontRequest) -> FrontResponse {
        .json(
            JSONWriter.object {
                $0.field("side", side)
                $0.field("n", request.query["n"] ?? "")
                $0.field("body", request.body.readableBytes)
                $0.field("client", "\(request.client == IPAddress("198.51.100.7") ? "forwarded" : "peer")")
                $0.field("secure", request.isSecure)
            })
    }

    /// Answers the hot routes at once and leaves the others.
    static let hotResponder = StubHot { request, connection in
        guard request.route == .health || request.route == .roomMessages else { return false }
        connection.respond(echo("hot", request))
        return true
    }

    static let coldResponder = StubCold { echo("cold", $0) }

    /// A server whose two sides echo.
    static func withServer<T>(
        limits: Front.Limits = .init(), proxies: TrustedProxies = .loopback,
        _ body: (LoopbackServer) async throws -> T
    ) async throws -> T {
        try await LoopbackServer.run(
            hot: hotResponder, cold: coldResponder, limits: limits, proxies: proxies, body)
    }
}

extension HTTPReply {
    /// The body as JSON.
    func json() throws -> JSONValue { try JSONParser.parse(ByteBuffer(string: body)) }
}
