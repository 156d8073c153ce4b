import HTTPTypes
public import Hummingbird
public import Logging
import NIOCore
import NIOHTTP1
public import SignalboxMetrics

/// Everything that isn't hot: Hummingbird's router and middleware behind the front.
///
/// The front has read the whole bounded body, so a request arrives at once and its response is collected
/// before it goes back: no second pipeline, no async channel, and keep-alive rules stay in one place.
public struct HummingbirdSide<Responder: HTTPResponder>: ColdResponder
where Responder.Context == FrontContext {
    private let responder: Responder
    private let logger: Logger

    public init(responder: Responder, logger: Logger) {
        self.responder = responder
        self.logger = logger
    }

    public func respond(to request: FrontRequest) async -> FrontResponse {
        do {
            let context = FrontContext(source: .init(logger: logger, front: request))
            let response = try await responder.respond(to: Self.translate(request), context: context)
            return try await Self.collect(response)
        } catch let error as any HTTPResponseError {
            return .refusal(
                HTTPResponseStatus(statusCode: error.status.code),
                ErrorBody(error.status.reasonPhrase.lowercased(), reason: "refused"))
        } catch {
            // What went wrong is ours; the client learns that it did, the log learns the route's template.
            logger.error("A request failed: \(error)", metadata: ["route": "\(request.route.text)"])
            return .refusal(
                .internalServerError,
                ErrorBody("internal error", reason: "internal_error", detail: "the operator's log says more"))
        }
    }

    private static func translate(_ request: FrontRequest) -> Request {
        var path = request.route.text
        // Handlers read parameters from the front's request. Here something stands in for them that is no
        // fixed segment of any route, or a handle called "register" could not be looked up.
        while let colon = path.firstIndex(of: ":") {
            path = path[..<colon] + "~" + path[colon...].drop { $0 != "/" }
        }
        var head = HTTPRequest(
            method: HTTPRequest.Method(rawValue: request.head.methodText) ?? .get, scheme: "http",
            authority: request.header("host"), path: path)
        for (name, value) in request.head.headers {
            if let name = HTTPField.Name(name) {
                head.headerFields.append(HTTPField(name: name, value: value))
            }
        }
        return Request(head: head, body: RequestBody(buffer: request.body))
    }

    private static func collect(_ response: Response) async throws -> FrontResponse {
        let sink = CollectedBody.Sink()
        try await response.body.write(CollectedBody(sink: sink))
        let body = await sink.buffer
        // Hummingbird's own refusals have no body; ours always say what was wrong.
        if response.status.code >= 400, body.readableBytes == 0 {
            let words = response.status.reasonPhrase.lowercased()
            return .refusal(
                HTTPResponseStatus(statusCode: response.status.code), ErrorBody(words, reason: "refused"))
        }
        // The front frames the body itself.
        let headers = response.headers.filter { $0.name != .contentLength && $0.name != .transferEncoding }
        return FrontResponse(
            status: HTTPResponseStatus(
                statusCode: response.status.code, reasonPhrase: response.status.reasonPhrase),
            headers: headers.map { (name: $0.name.canonicalName, value: $0.value) }, body: body)
    }
}

/// Collects a response's body.
private struct CollectedBody: ResponseBodyWriter {
    actor Sink {
        var buffer = ByteBuffer()
        func append(_ bytes: ByteBuffer) { buffer.writeImmutableBuffer(bytes) }
    }
    let sink: Sink

    mutating func write(_ buffer: ByteBuffer) async throws { await sink.append(buffer) }
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

/// The router that the cold side's routes are added to, by ``Route`` so that there is one list of routes.
public typealias ColdRouter = Router<FrontContext>

extension Router where Context == FrontContext {
    /// Adds the handler of a route. HEAD comes along with GET: the front leaves the body out.
    public func on(
        _ route: Route, method: HTTPRequest.Method = .get,
        use handler: @escaping @Sendable (FrontContext) async throws -> FrontResponse
    ) {
        let path = RouterPath(stringLiteral: route.text)
        let respond: @Sendable (Request, FrontContext) async throws -> Response = { _, context in
            Response(try await handler(context).compressed(for: context.front))
        }
        on(path, method: method, use: respond)
        if method == .get { on(path, method: .head, use: respond) }
    }
}

extension Response {
    /// A response of the front's own kind, for middleware to see.
    init(_ response: FrontResponse) {
        var fields = HTTPFields()
        for header in response.headers {
            if let name = HTTPField.Name(header.name) {
                fields.append(HTTPField(name: name, value: header.value))
            }
        }
        self.init(
            status: HTTPResponse.Status(
                code: Int(response.status.code), reasonPhrase: response.status.reasonPhrase),
            headers: fields, body: ResponseBody(byteBuffer: response.body))
    }
}
