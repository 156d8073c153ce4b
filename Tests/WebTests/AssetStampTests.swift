import Foundation
import Testing
import TestSupport
import Web

@Suite("The mark of the assets' version")
struct AssetStampTests {
    private static let ours = [
        "page.js":
            "import { a } from './part.js';\nimport './side.js';\nconst later = import(\"./part.js\");\n",
        "part.js": "export const a = 1;", "side.js": "import x from 'elsewhere.js';", "page.css": "body{}",
    ]
    private static let theirs = ["vendor.js": "import './part.js';"]

    private func withFiles(
        _ ours: [String: String] = ours, _ body: (StaticFiles) throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let folders = ["own": ours, "others": Self.theirs].map { name, files in
                (directory.appending(path: name), files)
            }
            for (folder, files) in folders {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
            }
            try body(
                StaticFiles(
                    own: directory.appending(path: "own"), others: directory.appending(path: "others")))
        }
    }

    private func version(_ files: [String: String]) async throws -> String {
        var version = ""
        try await withFiles(files) { version = $0.stamp.version }
        return version
    }

    @Test("is the same for the same files and changes with any of them")
    func version() async throws {
        let version = try await version(Self.ours)
        #expect(try await self.version(Self.ours) == version)
        for name in Self.ours.keys {
            #expect(try await self.version(Self.ours.merging([name: "else"]) { $1 }) != version)
        }
        // The same bytes, told apart by their names.
        let renamed = Dictionary(
            uniqueKeysWithValues: Self.ours.map { ($0 == "part.js" ? "parts.js" : $0, $1) })
        #expect(try await self.version(renamed) != version)
    }

    @Test("stands on what a page loads of ours and on nothing else")
    func page() async throws {
        try await withFiles { files in
            let mark = "?v=\(files.stamp.version)"
            #expect(
                files.stamp.page(#"<script src="/assets/page.js"></script><link href="/assets/page.css">"#)
                    == #"<script src="/assets/page.js\#(mark)"></script><link href="/assets/page.css\#(mark)">"#
            )
            let others =
                #"<a href="/docs">, <a href="https://example.com/assets/page.js">, <p>/assets/page.js</p>"#
            #expect(files.stamp.page(others) == others)
        }
    }

    @Test(
        "stands on imports of our modules, or a page would run two builds at once; others' files stay as they are"
    )
    func modules() async throws {
        try await withFiles { files in
            let mark = "?v=\(files.stamp.version)"
            func text(_ name: String) -> String { files[name].map { String(buffer: $0.body) } ?? "" }
            #expect(text("page.js").ranges(of: "./part.js\(mark)").count == 2)
            #expect(text("page.js").contains("import './side.js\(mark)';"))
            #expect(text("side.js") == Self.ours["side.js"])
            #expect(text("vendor.js") == Self.theirs["vendor.js"])
        }
    }

    @Test("with it a file may be kept for ever, without it or with another not for long")
    func caching() async throws {
        try await withFiles { files in
            func cacheControl(_ version: String?) -> String {
                files.response("page.css", version: version, ifNoneMatch: nil, acceptsGzip: false)
                    .headers.first { $0.name == "Cache-Control" }?.value ?? ""
            }
            #expect(cacheControl(files.stamp.version).contains("immutable"))
            for other in [nil, "", "0", files.stamp.version + "0"] {
                #expect(cacheControl(other).contains("max-age=300"))
                #expect(!cacheControl(other).contains("immutable"))
            }
        }
    }

    @Test("hashes are of the files on the disk, by folder and name")
    func hashes() async throws {
        try await withFiles { files in
            let own = Self.ours.sorted { $0.key < $1.key }.map { ("own/" + $0.key, SHA256.hex($0.value)) }
            let others = Self.theirs.map { ("others/" + $0.key, SHA256.hex($0.value)) }
            #expect(
                files.hashes.map { "\($0.name) \($0.sha256)" } == (own + others).map { "\($0.0) \($0.1)" })
        }
    }
}
