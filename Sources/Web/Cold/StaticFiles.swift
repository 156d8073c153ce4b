public import Foundation
public import NIOCore

/// The files of PUBLIC_DIR/assets, read once at start: few, small, and then never from disk again.
public struct StaticFiles: Sendable {
    /// One file as it is served.
    public struct File: Sendable {
        public let contentType: String
        public let body: ByteBuffer
        /// A strong ETag made from the content.
        public let etag: String
    }

    private let files: [String: File]

    private static let types = [
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
        "png": "image/png", "ico": "image/x-icon", "json": "application/json; charset=utf-8",
        "txt": "text/plain; charset=utf-8", "woff2": "font/woff2",
    ]

    /// Reads the directory.
    /// - Throws: when it can't be read.
    public init(directory: URL) throws {
        var files: [String: File] = [:]
        for url in try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
        {
            guard let type = Self.types[url.pathExtension] else { continue }
            let data = try Data(contentsOf: url)
            // FNV-1a: tells versions of a file apart; nothing secret hangs on it.
            let hash = data.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            files[url.lastPathComponent] = File(
                contentType: type, body: ByteBuffer(bytes: data), etag: "\"\(String(hash, radix: 16))\"")
        }
        self.files = files
    }

    /// The file of that name; a name is looked up, never used as a path.
    public subscript(name: String) -> File? { files[name] }

    /// The answer to a GET of `name`: the file, 304 when the client has it, or 404.
    public func response(_ name: String, ifNoneMatch: String?) -> FrontResponse {
        guard let file = files[name] else {
            return .refusal(.notFound, ErrorBody("not found", reason: "unknown_asset"))
        }
        let headers = [
            (name: "ETag", value: file.etag),
            (name: "Cache-Control", value: "public, max-age=300, stale-while-revalidate=60"),
        ]
        if ifNoneMatch == file.etag { return FrontResponse(status: .notModified, headers: headers) }
        return FrontResponse(
            headers: headers + [(name: "Content-Type", value: file.contentType)], body: file.body)
    }
}
