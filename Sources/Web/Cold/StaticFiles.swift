public import Foundation
public import NIOCore

/// The files of PUBLIC_DIR/assets and PUBLIC_DIR/vendor, read once at start: few, small, and then never from disk again.
public struct StaticFiles: Sendable {
    /// One file as it is served.
    public struct File: Sendable {
        public let contentType: String
        public let body: ByteBuffer
        /// The body gzipped, where that is shorter.
        public let gzipped: ByteBuffer?
        /// A strong ETag made from the content; the gzipped body's has a letter more.
        public let etag: String
        var gzippedETag: String { String(etag.dropLast()) + "z\"" }

        /// - Parameter gzipped: the body gzipped, where that was done before.
        public init(contentType: String, body: ByteBuffer, gzipped: ByteBuffer? = nil) {
            self.contentType = contentType
            self.body = body
            let gzipped = gzipped ?? Gzip.compress(body, level: 9)
            self.gzipped = gzipped.flatMap { $0.readableBytes < body.readableBytes ? $0 : nil }
            etag = "\"\(SHA256.hex(body).prefix(16))\""
        }

        /// The answer to a GET: the file, or 304 when the client has it.
        public func response(
            ifNoneMatch: String?, acceptsGzip: Bool, cacheControl: String
        ) -> FrontResponse {
            let gzipped = acceptsGzip ? self.gzipped : nil
            let etag = gzipped == nil ? self.etag : gzippedETag
            var headers = [(name: "ETag", value: etag), (name: "Cache-Control", value: cacheControl)]
            headers.append((name: "Vary", value: "Accept-Encoding"))
            if ifNoneMatch == etag { return FrontResponse(status: .notModified, headers: headers) }
            headers.append((name: "Content-Type", value: contentType))
            if gzipped != nil { headers.append((name: "Content-Encoding", value: "gzip")) }
            return FrontResponse(headers: headers, body: gzipped ?? body)
        }
    }

    private let files: [String: File]

    private static let types = [
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
        "png": "image/png", "ico": "image/x-icon", "json": "application/json; charset=utf-8",
        "txt": "text/plain; charset=utf-8", "woff2": "font/woff2",
    ]

    /// Their SHA-256 as they lie on the disk, by folder and name.
    public let hashes: [(name: String, sha256: String)]
    /// The mark that addresses of these files carry in pages.
    public let stamp: AssetStamp

    /// Reads the folders.
    /// - Parameters:
    ///   - own: files that may import one another.
    ///   - others: what is served as it is; `NAME.gz` beside a file is that file compressed. nil for none.
    /// - Throws: when one can't be read.
    public init(own: URL, others: URL?) throws {
        let ours = try Self.contents(of: own)
        let theirs = try others.map(Self.contents) ?? [:]
        hashes = [(own, ours), (others, theirs)].flatMap { folder, files in
            files.sorted { $0.key < $1.key }.map {
                (name: "\(folder?.lastPathComponent ?? "")/\($0.key)", sha256: SHA256.hex($0.value))
            }
        }
        let stamp = AssetStamp(hashes)
        let all = ours.merging(theirs) { $1 }
        var files: [String: File] = [:]
        for (name, bytes) in all {
            let type = Self.types[Self.suffix(name)] ?? ""
            if ours[name] != nil, Self.suffix(name) == "js" {
                let script = stamp.script(String(decoding: bytes, as: UTF8.self))
                files[name] = File(contentType: type, body: ByteBuffer(string: script))
            } else {
                files[name] = File(
                    contentType: type, body: ByteBuffer(bytes: bytes),
                    gzipped: others.flatMap { Self.gzipped(name, of: ByteBuffer(bytes: bytes), in: $0) })
            }
        }
        self.files = files
        self.stamp = stamp
    }

    /// A file that was compressed before, unless it is of other bytes: then what is served would not be what is told.
    private static func gzipped(_ name: String, of bytes: ByteBuffer, in folder: URL) -> ByteBuffer? {
        guard let data = try? Data(contentsOf: folder.appending(path: name + ".gz")) else { return nil }
        let gzipped = ByteBuffer(bytes: data)
        return Gzip.decompress(gzipped, count: bytes.readableBytes) == bytes ? gzipped : nil
    }

    private static func contents(of folder: URL) throws -> [String: [UInt8]] {
        let urls = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return Dictionary(
            uniqueKeysWithValues: try urls.filter { types[$0.pathExtension] != nil }
                .map { ($0.lastPathComponent, Array(try Data(contentsOf: $0))) })
    }

    private static func suffix(_ name: String) -> String { String(name.split(separator: ".").last ?? "") }

    /// The file of that name; a name is looked up, never used as a path.
    public subscript(name: String) -> File? { files[name] }

    /// The answer to a GET of `name`: the file, 304 when the client has it, or 404.
    /// - Parameters:
    ///   - version: the mark in the address; with that of these files it may be kept for ever.
    ///   - acceptsGzip: whether the client takes it gzipped.
    public func response(
        _ name: String, version: String? = nil, ifNoneMatch: String?, acceptsGzip: Bool
    ) -> FrontResponse {
        guard let file = files[name] else {
            return .refusal(.notFound, ErrorBody("not found", reason: "unknown_asset"))
        }
        return file.response(
            ifNoneMatch: ifNoneMatch, acceptsGzip: acceptsGzip,
            cacheControl: version == stamp.version
                ? "public, max-age=31536000, immutable" : "public, max-age=300, stale-while-revalidate=60")
    }
}
