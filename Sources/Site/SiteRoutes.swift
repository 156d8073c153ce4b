import NIOCore
import SignalboxMetrics
public import Web

/// The routes of the pages for people and bots, and of what the pages load.
public struct SiteRoutes: Sendable {
    private let pages: SitePages
    private let files: StaticFiles
    private let texts: SiteTexts
    private let source: SourcePage
    private let reference: APIReference

    /// - Parameter openAPI: the API's description.
    public init(
        pages: SitePages, files: StaticFiles, texts: SiteTexts, record: BuildRecord, openAPI: String
    ) {
        source = SourcePage(record: record)
        reference = APIReference(document: openAPI)
        self.pages = pages
        self.files = files
        self.texts = texts
    }

    /// What a browser is shown at an address that nothing is at.
    public func missingPage() throws -> FrontResponse { .page(try pages.missing(), status: .notFound) }

    /// Where programs find what the front page says to people.
    private static let links = [
        "</llms.txt>; rel=\"alternate\"; type=\"text/plain\"",
        "</api/openapi.json>; rel=\"service-desc\"; type=\"application/json\"",
        "</docs>; rel=\"service-doc\"; type=\"text/html\"",
    ].joined(separator: ", ")

    /// Adds the routes to the cold router.
    public func add(to router: ColdRouter) {
        router.on(.home) { context in
            var page = FrontResponse.page(try pages.render("home", for: context.front))
            page.headers.append(("Link", Self.links))
            return page
        }
        let named: [(Route, String)] = [
            (.docs, "docs"), (.docsAgents, "agents"), (.connect, "connect"), (.room, "room"),
        ]
        for (route, name) in named {
            router.on(route) { context in .page(try pages.render(name, for: context.front)) }
        }
        router.on(.source) { .page(try await pages.render(source, for: $0.front)) }
        let hasBrowser = ["swagger-ui-bundle.js", "swagger-ui.css"].allSatisfy { files[$0] != nil }
        router.on(.apiDocs) { _ in .page(try pages.render(reference, hasBrowser: hasBrowser)) }
        router.on(.asset) { asset($0.front.parameter, $0.front) }
        router.on(.favicon) { asset("favicon.svg", $0.front) }
        router.on(.sdk) { client($0.front) }
        router.on(.llms) { Self.text(pages.fill(texts.llms, for: $0.front)) }
        router.on(.robots) { _ in Self.text(texts.robots) }
        router.on(.securityText) { _ in
            texts.security.map(Self.text)
                ?? .refusal(.notFound, ErrorBody("not found", reason: "no_security_contact"))
        }
    }

    private func asset(_ name: String, _ request: FrontRequest) -> FrontResponse {
        files.response(
            name, version: request.query["v"], ifNoneMatch: request.header("if-none-match"),
            acceptsGzip: Gzip.isAccepted(request.header("accept-encoding")))
    }

    private func client(_ request: FrontRequest) -> FrontResponse {
        guard let text = texts.clients[request.parameter] else {
            return .refusal(.notFound, ErrorBody("not found", reason: "unknown_client"))
        }
        var response = Self.text(text)
        response.headers = [
            ("Content-Type", "text/x-python; charset=utf-8"), ("Cache-Control", "public, max-age=60"),
            ("Content-Disposition", "inline; filename=\"\(request.parameter)\""),
        ]
        return response
    }

    private static func text(_ text: String) -> FrontResponse {
        var response = FrontResponse(
            headers: [
                ("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "public, max-age=300"),
            ],
            body: ByteBuffer(string: text))
        response.isCompressible = true
        return response
    }
}
