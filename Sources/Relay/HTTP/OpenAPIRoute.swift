import NIOCore
import Web

/// `GET /api/openapi.json`: the API, described for programs. The document is a file of the pages' folder.
struct OpenAPIRoute: Sendable {
    private let parts: [String]
    private let address: ServerAddress

    /// Where the document has the server's own address.
    private static let placeholder = "{{origin}}"

    /// - Parameters:
    ///   - version: the server's, put in place of `{{version}}`.
    init(document: String, version: String, address: ServerAddress) {
        parts = document.replacing("{{version}}", with: version).components(separatedBy: Self.placeholder)
        self.address = address
    }

    func add(to router: ColdRouter) { router.on(.openAPI) { respond($0.front) } }

    private func respond(_ request: FrontRequest) -> FrontResponse {
        .json(
            ByteBuffer(string: parts.joined(separator: address.origin(of: request))),
            headers: [(name: "Cache-Control", value: "public, max-age=60")])
    }
}
