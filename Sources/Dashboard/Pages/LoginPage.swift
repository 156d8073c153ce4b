public import Web
/// Where an operator types the token, `/admin/login`.
public struct LoginPage: Sendable {
    private let templates: Templates

    public init(templates: Templates) { self.templates = templates }

    private struct View {
        let error: String?
        let hint: String?
        let choice: String
    }

    /// The page as HTML.
    /// - Parameters:
    ///   - error: why the last attempt failed.
    ///   - hint: where the token is to be found. Never the token.
    ///   - choice: the query of the dashboard's address that the visitor asked for; ours, not as it was sent.
    public func render(error: String?, hint: String?, choice: String = "") throws -> String {
        try templates.render("login", View(error: error, hint: hint, choice: choice))
    }
}
