import Foundation
import NIOCore
import NIOHTTP1
import SignalboxMetrics
import Testing

@testable import Web

@Suite("Compressed answers")
struct GzipTests {
    /// What gzip(1) makes of the bytes: a reader that shares no code with ours.
    private func unzipped(_ bytes: ByteBuffer) throws -> Data {
        let file = FileManager.default.temporaryDirectory.appending(path: "gzip-\(UUID()).gz")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(buffer: bytes).write(to: file)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/gzip")
        process.arguments = ["-dc", file.path(percentEncoded: false)]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return output
    }

    @Test("are what others read back", arguments: [0, 1, 1_000, 300_000])
    func roundTrip(count: Int) throws {
        let bytes = ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7) })
        let zipped = try #require(Gzip.compress(bytes))
        #expect(try unzipped(zipped) == Data(buffer: bytes))
    }

    @Test("what can't be made smaller still comes whole")
    func random() throws {
        let bytes = ByteBuffer(bytes: SecretBytes.random(20_000))
        #expect(try unzipped(try #require(Gzip.compress(bytes, level: 9))) == Data(buffer: bytes))
    }

    @Test(
        "are sent to those who take them",
        arguments: [
            ("gzip", true), ("deflate, gzip;q=0.5", true), ("*", true), ("x-gzip", true), ("GZIP", true),
            ("gzip;q=0", false), ("*;q=0", false), ("gzip;q=0, *", false), ("br", false), ("", false),
            ("identity", false), ("gzipped", false), ("gzip;q=nonsense", false),
        ])
    func accepted(header: String, isAccepted: Bool) {
        #expect(Gzip.isAccepted(header) == isAccepted)
    }

    private func request(_ encoding: String?) throws -> FrontRequest {
        var headers = HTTPHeaders()
        if let encoding { headers.add(name: "Accept-Encoding", value: encoding) }
        return FrontRequest(
            route: .home, parameter: "", secondParameter: "", query: Query(""),
            head: RequestHead(
                HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: headers)),
            body: ByteBuffer(), client: try #require(IPAddress("127.0.0.1")), isSecure: false, origin: nil)
    }

    private func header(_ name: String, of response: FrontResponse) -> String? {
        response.headers.first { $0.name == name }?.value
    }

    @Test("only what is allowed, long enough and wanted is compressed; what could be says that it varies")
    func chosen() throws {
        let long = FrontResponse(body: ByteBuffer(repeating: 97, count: 5_000))
        let short = FrontResponse(body: ByteBuffer(repeating: 97, count: 500))
        let zipped = try long.compressible.compressed(for: request("gzip"))
        #expect(header("Content-Encoding", of: zipped) == "gzip")
        #expect(header("Vary", of: zipped) == "Accept-Encoding")
        #expect(zipped.body.readableBytes < 200)
        for (response, encoding) in [(long.compressible, nil), (short.compressible, "gzip")] {
            let plain = try response.compressed(for: request(encoding))
            #expect(header("Content-Encoding", of: plain) == nil)
            #expect(header("Vary", of: plain) == "Accept-Encoding")
            #expect(plain.body == response.body)
        }
        let secret = try long.compressed(for: request("gzip"))
        #expect(secret.headers.isEmpty && secret.body == long.body)
    }

    @Test("a file has a tag of its own for each coding")
    func files() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "assets-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data(repeating: 97, count: 4_000).write(to: directory.appending(path: "long.css"))
        let files = try StaticFiles(own: directory, others: nil)
        let plain = files.response("long.css", ifNoneMatch: nil, acceptsGzip: false)
        let zipped = files.response("long.css", ifNoneMatch: nil, acceptsGzip: true)
        #expect(try unzipped(zipped.body) == Data(buffer: plain.body))
        let tags = [header("ETag", of: plain), header("ETag", of: zipped)]
        #expect(tags[0] != nil && tags[0] != tags[1])
        #expect(files.response("long.css", ifNoneMatch: tags[1], acceptsGzip: true).status == .notModified)
        #expect(files.response("long.css", ifNoneMatch: tags[1], acceptsGzip: false).status == .ok)
        for response in [plain, zipped] { #expect(header("Vary", of: response) == "Accept-Encoding") }
    }
}
