import Foundation
import NIOCore
import Testing
import TestSupport
import Web

@Suite("Static files")
struct StaticFilesTests {
    private func withFiles(_ body: (StaticFiles) throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let assets = directory.appending(path: "assets")
            try FileManager.default.createDirectory(at: assets, withIntermediateDirectories: true)
            try Data("body{}".utf8).write(to: assets.appending(path: "style.css"))
            try Data("notes".utf8).write(to: assets.appending(path: "notes.md"))
            try Data("secret".utf8).write(to: directory.appending(path: "secret.txt"))
            try body(try StaticFiles(own: assets, others: nil))
        }
    }

    @Test("are served with their type and an ETag")
    func served() async throws {
        try await withFiles { files in
            let response = files.response("style.css", ifNoneMatch: nil, acceptsGzip: false)
            #expect(response.status == .ok)
            #expect(String(buffer: response.body) == "body{}")
            #expect(
                response.headers.contains { $0 == (name: "Content-Type", value: "text/css; charset=utf-8") })
        }
    }

    @Test("a client that has one gets 304 without it")
    func notModified() async throws {
        try await withFiles { files in
            let etag = try #require(files["style.css"]?.etag)
            let response = files.response("style.css", ifNoneMatch: etag, acceptsGzip: false)
            #expect(response.status == .notModified)
            #expect(response.body.readableBytes == 0)
            #expect(files.response("style.css", ifNoneMatch: "\"old\"", acceptsGzip: false).status == .ok)
        }
    }

    @Test(
        "a name is never a path, and only known kinds are served",
        arguments: ["../secret.txt", "/etc/passwd", "notes.md", "", ".", "style.css/"])
    func unknown(name: String) async throws {
        try await withFiles { files in
            #expect(files.response(name, ifNoneMatch: nil, acceptsGzip: false).status == .notFound)
        }
    }

    @Test("what was compressed before is served when it is the same file, and otherwise compressed anew")
    func compressedBefore() async throws {
        try await withTemporaryDirectory { directory in
            let text = ByteBuffer(string: String(repeating: "let a = 1;\n", count: 200))
            let good = try #require(Gzip.compress(text, level: 1))
            let stale = try #require(
                Gzip.compress(ByteBuffer(string: String(repeating: "let b = 1;\n", count: 200))))
            let half = try #require(good.getSlice(at: 0, length: good.readableBytes / 2))
            let files = ["good": good, "stale": stale, "half": half, "none": ByteBuffer(string: "no gzip")]
            for (name, gzipped) in files {
                try Data(text.readableBytesView).write(to: directory.appending(path: "\(name).js"))
                try Data(gzipped.readableBytesView).write(to: directory.appending(path: "\(name).js.gz"))
            }
            let own = directory.appending(path: "own")
            try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
            let loaded = try StaticFiles(own: own, others: directory)
            for name in files.keys {
                let body = loaded.response("\(name).js", ifNoneMatch: nil, acceptsGzip: true).body
                #expect(Gzip.decompress(body, count: text.readableBytes) == text, "\(name)")
                #expect((body == good) == (name == "good"))
            }
        }
    }
}
