/// The front page, `/`: what this is and how to try it.
public struct HomePage: Sendable {
    private let templates: Templates

    public init(templates: Templates) { self.templates = templates }

    private struct View {
        let origin: String
    }

    /// The page as HTML.
    /// - Parameter origin: scheme, host and port that clients reach this server by.
    public func render(origin: String) throws -> String {
        // It stands in a command that people paste into a shell: nothing but an origin's characters.
        let allowed = origin.unicodeScalars.filter {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || ".:/[]-_".unicodeScalars.contains($0)
        }
        return try templates.render("home", View(origin: String(String.UnicodeScalarView(allowed))))
    }
}
