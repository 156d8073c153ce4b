public import Web
/// A page that says one thing: not found, not allowed, switched off.
public struct NoticePage: Sendable {
    private let templates: Templates

    public init(templates: Templates) { self.templates = templates }

    private struct View {
        let heading: String
        let text: String
    }

    /// The page as HTML.
    public func render(title: String, body: String) throws -> String {
        try templates.render("notice", View(heading: title, text: body))
    }
}
