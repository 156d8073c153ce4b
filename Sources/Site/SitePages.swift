import Foundation
public import Web

/// The pages that anybody may open, rendered with this server's own address.
public struct SitePages: Sendable {
    private let templates: Templates
    private let address: ServerAddress

    /// The templates that must be there.
    public static let names = [
        "layout", "home", "docs", "agents", "connect", "source", "room", "api-docs", "missing",
    ]

    public init(templates: Templates, address: ServerAddress) {
        self.templates = templates
        self.address = address
    }

    private struct View {
        let origin: String
    }

    func render(_ name: String, for request: FrontRequest) throws -> String {
        try templates.render(name, View(origin: address.origin(of: request)))
    }

    /// `/source`.
    func render(_ page: SourcePage, for request: FrontRequest) async throws -> String {
        try templates.render("source", await page.view(origin: address.origin(of: request)))
    }

    /// `/api/docs`.
    /// - Parameter hasBrowser: whether Swagger UI is there.
    func render(_ reference: APIReference, hasBrowser: Bool) throws -> String {
        struct View {
            let groups: [APIReference.Group]
            let hasBrowser: Bool
        }
        return try templates.render("api-docs", View(groups: try reference.groups(), hasBrowser: hasBrowser))
    }

    /// A text that isn't a template, with the address in place of `{{origin}}`.
    func fill(_ text: String, for request: FrontRequest) -> String {
        text.replacing("{{origin}}", with: address.origin(of: request))
    }

    /// What is shown where nothing is.
    func missing() throws -> String { try templates.render("missing", View(origin: "")) }
}
