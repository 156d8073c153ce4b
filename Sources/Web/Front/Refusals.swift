import NIOCore
import NIOHTTP1
import SignalboxMetrics

/// Answers that need no route: what every refused request is told, the same for hot and cold.
enum Refusals {
    /// What can be said from the head alone; nil when the request may go on.
    static func early(
        _ head: RequestHead, _ match: RouteTable.Match, missingPage: @autoclosure () -> FrontResponse?
    ) -> FrontResponse? {
        if head.hasSeveralHosts {
            return .refusal(.badRequest, ErrorBody("bad request", reason: "several_hosts"))
        }
        if match.route == .unmatched {
            if isReader(head), let page = missingPage() { return page }
            return .refusal(.notFound, ErrorBody("not found", reason: "unknown_route"))
        }
        if head.method != .options, !match.route.answers(head.method) {
            return .refusal(
                .methodNotAllowed, ErrorBody("method not allowed", reason: "wrong_method"),
                headers: [("Allow", match.route.allow)])
        }
        if match.parameter == nil || match.secondParameter == nil {
            return .refusal(.badRequest, ErrorBody("bad request", reason: "bad_percent_encoding"))
        }
        if let encoding = head.contentEncoding, encoding.lowercased() != "identity" {
            return .refusal(
                .unsupportedMediaType, ErrorBody("unsupported content encoding", reason: "content_encoding"))
        }
        return nil
    }

    /// Whether somebody looks for a page with a browser.
    private static func isReader(_ head: RequestHead) -> Bool {
        let path = RequestTarget.path(head.uri).lowercased()
        return (head.method == .get || head.method == .head) && path != "/api" && !path.hasPrefix("/api/")
            && head.values("accept").contains { $0.lowercased().contains("text/html") }
    }

    /// A reader at one of the server's other names.
    static func elsewhere(_ target: String) -> FrontResponse {
        FrontResponse(
            status: .permanentRedirect,
            headers: [("Location", target), ("Content-Type", "text/plain; charset=utf-8")],
            body: ByteBuffer(string: "Permanent Redirect. Redirecting to \(target)\n"))
    }

    static func options(_ route: Route) -> FrontResponse {
        let allow = route.allow
        return FrontResponse(
            headers: [("Allow", allow), ("Content-Type", "text/plain; charset=utf-8")],
            body: ByteBuffer(string: allow))
    }

    static func tooLarge(limit: Int) -> FrontResponse {
        .refusal(
            .payloadTooLarge,
            ErrorBody(
                "request entity too large", reason: "body_too_large", detail: "the ceiling is \(limit) bytes")
        )
    }

    static let requestTimeout = FrontResponse.refusal(
        .requestTimeout, ErrorBody("request timeout", reason: "request_too_slow"))

    static let badHandshake = FrontResponse.refusal(
        .badRequest, ErrorBody("bad websocket handshake", reason: "bad_handshake"))

    static func malformed(_ error: HTTPParserError) -> FrontResponse {
        if error == .headerOverflow {
            return .refusal(
                .requestHeaderFieldsTooLarge,
                ErrorBody("request header fields too large", reason: "head_too_large"))
        }
        return .refusal(.badRequest, ErrorBody("bad request", reason: "malformed_http"))
    }
}

extension Method {
    init(_ method: HTTPMethod) {
        self =
            switch method {
            case .GET: .get
            case .HEAD: .head
            case .POST: .post
            case .PUT: .put
            case .DELETE: .delete
            case .OPTIONS: .options
            default: .other
            }
    }
}
