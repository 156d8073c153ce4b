import NIOCore
import Web

/// `GET /api/openapi.json`: the API, described for programs. The document is a file of the pages' folder.
struct OpenAPIRoute: Sendable {
    private let parts: [String]
    private let base: String?

    /// Where the document has the server's own address.
    private static let placeholder = "{{origin}}"

    /// - Parameters:
    ///   - version: the server's, put in place of `{{version}}`.
    ///   - base: PUBLIC_BASE_URL; nil for the address that the client used.
    init(document: String, version: String, base: String?) {
        parts = document.replacing("{{version}}", with: version).components(separatedBy: Self.placeholder)
        self.base = base
    }

    func add(to router: ColdRouter) { router.on(.openAPI) { respond($0.front) } }

    private func respond(_ request: FrontRequest) -> FrontResponse {
        let origin = base ?? Self.origin(request)
        return .json(
            ByteBuffer(string: parts.joined(separator: origin)),
            headers: [(name: "Cache-Control", value: "public, max-age=60")])
    }

    /// Only what a host is made of: it stands in the document as it is.
    private static func origin(_ request: FrontRequest) -> String {
        let host = (request.header("host") ?? "localhost").unicodeScalars.filter {
            $0.isASCII
                && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                    || ".:[]-_".unicodeScalars.contains($0))
        }
        return (request.isSecure ? "https://" : "http://") + String(String.UnicodeScalarView(host))
    }
}
