import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import SignalboxMetrics
import Testing
import TestSupport
@testable import Web

/// What ``PlainHead`` makes of bytes.
enum PlainKind: Equatable {
    case plain, incomplete, unusual

    init(_ scan: PlainHead.Scan) {
        switch scan {
        case .plain: self = .plain
        case .incomplete: self = .incomplete
        case .unusual: self = .unusual
        }
    }

    init(_ bytes: some Sequence<UInt8>, limit: Int = 16 * 1024) {
        self.init(PlainHead.scan(ByteBuffer(bytes: bytes), limit: limit))
    }
}

/// NIO's decoder as a connection has it. Belongs to the thread that made it.
final class HeadDecoder {
    private let handler: FrontHandler
    private var channel = EmbeddedChannel()

    init() throws {
        let loop = EmbeddedEventLoop()
        let front = Front(
            meter: Meter(), proxies: .loopback, hot: StubHot { _, _ in false }, cold: StubCold(),
            eventLoops: [loop])
        handler = FrontHandler(front: front, loop: try #require(front.loop(of: loop)), listener: .open)
        try renew()
    }

    /// Begins a new connection.
    func renew() throws {
        channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(handler.makeDecoder())
    }

    /// What comes of further bytes.
    func take(_ bytes: some Sequence<UInt8>) throws -> [HTTPServerRequestPart] {
        try channel.writeInbound(ByteBuffer(bytes: bytes))
        var parts: [HTTPServerRequestPart] = []
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) { parts.append(part) }
        return parts
    }

    /// The head that the bytes begin with, on a new connection.
    func head(_ bytes: some Sequence<UInt8>) throws -> HTTPRequestHead {
        try renew()
        guard case .head(let head)? = try take(bytes).first else { throw NoHead() }
        return head
    }

    struct NoHead: Error {}
}

@Suite("A plain head")
struct PlainHeadTests {
    private func scanned(_ text: String) throws -> PlainHead {
        guard case .plain(let head) = PlainHead.scan(ByteBuffer(string: text), limit: 16 * 1024) else {
            throw HeadDecoder.NoHead()
        }
        return head
    }

    private static let plain: [String] = [
        "GET / HTTP/1.1\r\n\r\n", "GET /api/health HTTP/1.1\r\nHost: relay\r\n\r\n",
        "HEAD /?a=1&b=%20 HTTP/1.1\r\nhost:relay\r\n\r\n", "OPTIONS //x HTTP/1.1\r\nHOST:   relay\r\n\r\n",
        "DELETE /a?b?c/d HTTP/1.1\r\nX:\r\nX: \r\nX-a_9: a  b\r\n\r\n",
        "POST /m HTTP/1.1\r\nContent-Length: 12\r\nContent-Type: application/json\r\n\r\n",
        "PUT /\"<>\\^`{|}~!$&'()*+,;=:@[] HTTP/1.1\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n",
        "GET / HTTP/1.1\r\nConnection: close\r\nUser-Agent: a\r\nAccept: !\"#~\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 999999999999999\r\n\r\n",
        "GET / HTTP/1.1\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nHosts: a\r\n\r\n",
        "GET / HTTP/1.1\r\nKeep-Alive: 5\r\nUpgrades: x\r\nExpects: y\r\nContent-Lengths: -1\r\n\r\n",
    ]

    @Test("is taken whole, whatever comes behind it", arguments: plain)
    func taken(text: String) throws {
        for behind in ["", "x", "\r\n", "GET / HTTP/1.1\r\n\r\n", "\u{0}\u{e9}"] {
            let head = try scanned(text + behind)
            #expect(String(buffer: head.bytes) == text)
        }
    }

    @Test("is incomplete as long as a byte of it is missing, never unusual", arguments: plain)
    func prefixes(text: String) {
        let bytes = Array(text.utf8)
        for length in bytes.indices { #expect(PlainKind(bytes[..<length]) == .incomplete, "\(length) bytes") }
    }

    @Test("is read from where the buffer's reader stands")
    func readerIndex() throws {
        var buffer = ByteBuffer(string: "skipped" + Self.plain[5] + "{}")
        buffer.moveReaderIndex(forwardBy: 7)
        guard case .plain(let head) = PlainHead.scan(buffer, limit: 16 * 1024) else {
            Issue.record("it isn't plain")
            return
        }
        #expect(String(buffer: head.bytes) == Self.plain[5])
        #expect(head.text(head.path) == "/m")
        #expect(head.text(head.contentType) == "application/json")
    }

    @Test("knows its parts")
    func parts() throws {
        let head = try scanned(
            "POST /a/b?c=d&e HTTP/1.1\r\nHost: relay\r\nuser-AGENT:  Mozilla/5.0 (X) \"y\"\r\n"
                + "Content-Type: text/plain\r\nContent-Length: 00042\r\nCF-Connecting-IP: ::1\r\n"
                + "Connection: CLOSE\r\n\r\n")
        #expect(head.method == .post)
        #expect(head.text(head.target) == "/a/b?c=d&e")
        #expect(head.text(head.path) == "/a/b")
        #expect(head.text(head.query) == "c=d&e")
        #expect(head.contentLength == 42)
        #expect(!head.keepsAlive)
        #expect(head.isForwarded)
        #expect(head.text(head.userAgent) == "Mozilla/5.0 (X) \"y\"")
        #expect(head.text(head.contentType) == "text/plain")
    }

    @Test(
        "tells of a proxy's headers, each by itself and in any case",
        arguments: ["X-Forwarded-For", "x-forwarded-proto", "X-FORWARDED-HOST", "cf-Connecting-IP"])
    func forwarded(name: String) throws {
        #expect(try scanned("GET / HTTP/1.1\r\n\(name): a\r\n\r\n").isForwarded)
        #expect(try !scanned("GET / HTTP/1.1\r\n\(name)s: a\r\n\r\n").isForwarded)
    }

    private static let unusualLines: [String] = [
        "get / HTTP/1.1\r\n\r\n", "Get / HTTP/1.1\r\n\r\n", "PATCH / HTTP/1.1\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\n\r\n", "TRACE / HTTP/1.1\r\n\r\n", "GETS / HTTP/1.1\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\n\r\n", " GET / HTTP/1.1\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
        "GET\t/ HTTP/1.1\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n", "GET /  HTTP/1.1\r\n\r\n", "GET / http/1.1\r\n\r\n",
        "GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\r\n\r\n", "GET http://relay/ HTTP/1.1\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\n\r\n", "GET /#a HTTP/1.1\r\n\r\n", "GET /?a#b HTTP/1.1\r\n\r\n",
        "GET /\u{1} HTTP/1.1\r\n\r\n", "GET /a\tb HTTP/1.1\r\n\r\n", "GET /\u{7f} HTTP/1.1\r\n\r\n",
        "GET /\u{0} HTTP/1.1\r\n\r\n", "GET /é HTTP/1.1\r\n\r\n", "GET ? HTTP/1.1\r\n\r\n",
    ]

    @Test("isn't one whose first line is out of the ordinary", arguments: unusualLines)
    func firstLine(text: String) { #expect(PlainKind(text.utf8) == .unusual) }

    private static let unusualFields: [String] = [
        "X: a\r\n b\r\n", "X: a\r\n\tb\r\n", " X: a\r\n", "X : a\r\n", ": a\r\n", "X\r\n", "X a: b\r\n",
        "X: a\n", "X: a\n\r\n", "X: a\rb\r\n", "X: a\r\r\n", "X: a \r\n", "X: a\t\r\n", "X:\ta\r\n",
        "X: a\tb\r\n", "X: a\u{0}b\r\n", "X: a\u{1f}b\r\n", "X: a\u{7f}b\r\n", "X: é\r\n", "Xé: a\r\n",
        "X\u{0}: a\r\n", "X.Y: a\r\n", "X(: a\r\n", "X\"y: a\r\n",
        "Host: a\r\nHost: a\r\n", "Host: a\r\nX: b\r\nhOST: b\r\n", "Host:\r\nHost:\r\n",
        "User-Agent: a\r\nuser-agent: b\r\n", "Content-Type:\r\nContent-Type: a/b\r\n",
        "Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 0\r\ncontent-length: 0\r\n",
        "Content-Length: +1\r\n", "Content-Length: -1\r\n", "Content-Length:\r\n", "Content-Length: \r\n",
        "Content-Length: 1000000000000000\r\n", "Content-Length: 0000000000000001\r\n",
        "Content-Length: 1,1\r\n", "Content-Length: 1 1\r\n", "Content-Length: 0x1\r\n",
        "Content-Length: 1.\r\n", "Content-Length: a\r\n", "Content-Length: :\r\n", "Content-Length: /\r\n",
        "Transfer-Encoding: chunked\r\n", "transfer-encoding: identity\r\n", "TRANSFER-ENCODING:\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n", "EXPECT:\r\n",
        "Upgrade: websocket\r\n", "upgrade: h2c\r\n", "Content-Encoding: gzip\r\n",
        "content-encoding: identity\r\n", "Proxy-Connection: close\r\n", "Connection: Upgrade\r\n",
        "Connection: keep-alive, close\r\n", "Connection: close,\r\n", "Connection:\r\n",
        "Connection: TE\r\n", "Connection: closed\r\n", "Connection: keep-alive\r\nConnection: close\r\n",
        "Connection: close\r\nConnection: close\r\n",
    ]

    @Test("isn't one with a field out of the ordinary, wherever it stands", arguments: unusualFields)
    func field(lines: String) {
        for (before, behind) in [("", ""), ("Accept: */*\r\n", ""), ("", "Accept: */*\r\n")] {
            let text = "POST /m HTTP/1.1\r\n" + before + lines + behind + "\r\n"
            #expect(PlainKind(text.utf8) == .unusual, "\(text.debugDescription)")
        }
    }

    @Test("isn't one with any byte that is neither printable nor ASCII, wherever it stands")
    func anyByte() {
        let text = Array("GET /target?q=1 HTTP/1.1\r\nHost: relay\r\nAccept: */*\r\n\r\n".utf8)
        for at in text.indices {
            for byte in UInt8.min...UInt8.max where !(0x20..<0x7f).contains(byte) && byte != text[at] {
                var changed = text
                changed[at] = byte
                let kind = PlainKind(changed)
                if kind != .unusual { Issue.record("byte \(byte) at \(at) makes it \(kind)") }
            }
        }
    }

    @Test("has 64 fields at most")
    func fields() {
        func text(_ count: Int) -> String {
            "GET / HTTP/1.1\r\n" + (0..<count).map { "X-\($0): 1\r\n" }.joined() + "\r\n"
        }
        #expect(PlainKind(text(64).utf8) == .plain)
        #expect(PlainKind(text(65).utf8) == .unusual)
    }

    @Test("has as many bytes as it may have, and not one more", arguments: [200, 8_192, 16_384])
    func limit(limit: Int) {
        let most = min(limit, PlainHead.bytesMax)
        func text(_ bytes: Int) -> [UInt8] {
            let rest = "GET / HTTP/1.1\r\nX: \r\n\r\n"
            let filled = "GET / HTTP/1.1\r\nX: " + String(repeating: "x", count: bytes - rest.utf8.count)
            return Array((filled + "\r\n\r\n").utf8)
        }
        #expect(text(most).count == most)
        #expect(PlainKind(text(most), limit: limit) == .plain)
        #expect(PlainKind(text(most) + text(60), limit: limit) == .plain)
        #expect(PlainKind(text(most).dropLast(), limit: limit) == .incomplete)
        #expect(PlainKind(text(most + 1), limit: limit) == .unusual)
        #expect(PlainKind(text(most + 1).dropLast(), limit: limit) == .unusual)
        #expect(PlainKind(text(most + 1_000).dropLast(), limit: limit) == .unusual)
    }
}

/// Heads that few clients would send. FUZZ_ROUNDS sets how many; `make soak` asks for ten million.
@Suite("Plain heads under fuzzing")
struct PlainHeadFuzzTests {
    private static let rounds =
        ProcessInfo.processInfo.environment["FUZZ_ROUNDS"].flatMap(Int.init) ?? 5_000

    private static let methods: [String] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
    private static let oddMethods: [String] = [
        "PATCH", "get", "CONNECT", "TRACE", "GETS", "", "\r\nGET", "P", "POS T",
    ]
    private static let targets: [String] = [
        "/", "/api/health", "/api/rooms/a-b/messages?after=1&x=%20", "/?", "//x", "/??a=/?b", "/a;b=c@[]",
        "/\"<>\\^`{|}~!$&'()*+,", "/%zz/../.", "/a://b/c",
    ]
    private static let oddTargets: [String] = [
        "/a#b", "*", "http://a/b", "/é", "/a b", "", "a", "?", "/\t", "/\u{7f}",
    ]
    private static let oddVersions: [String] = [
        " HTTP/1.0", " HTTP/2.0", " HTTP/1.2", "  HTTP/1.1", " http/1.1", "", " HTTP/1.1 ", " HTTP/01.1",
    ]
    private static let fields: [String] = [
        "Host: relay", "host:relay:3000", "Connection: keep-alive", "connection: Close", "User-Agent: curl/8",
        "User-Agent: Mozilla/5.0 (X11) Safari", "User-Agent:", "Content-Type: application/json",
        "Content-Type: application/JSON ;charset=utf-8", "content-type:", "Content-Length: 0",
        "Content-Length: 5", "content-length: 00012", "Content-Length: 1500",
        "Content-Length: 999999999999999", "X-Forwarded-For: 1.1.1.1, 2.2.2.2", "X-Forwarded-Proto: https",
        "CF-Connecting-IP: ::1", "Accept: text/html,*/*;q=0.1", "X_a-9:    v  w", "X:", "x: ",
        "Cookie: a=b; c",
        "Keep-Alive: timeout=5", "TE: trailers", "Trailer: X", "Date: x", "X-Long: aaaaaaaaaaaaaaaaaaaaaaaa",
    ]
    private static let oddFields: [String] = [
        "Host: a\r\nHost: b", "Connection: upgrade", "Connection: close, keep-alive", "Connection:",
        "Content-Length: 1000000000000000", "Content-Length: 99999999999999999999", "Content-Length: +1",
        "Content-Length: -1", "Content-Length:", "Content-Length: 1 1", "Content-Length: 1,1",
        "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 6",
        "Transfer-Encoding: chunked", "Transfer-Encoding: identity", "Expect: 100-continue",
        "Upgrade: websocket", "Content-Encoding: gzip", "Proxy-Connection: close", "X: a\r\n b",
        "X: a\r\n\tb", " X: a", "X : a", ": a", "X", "X: a ", "X:\ta", "X: a\tb", "X: é", "Xé: a",
        "X: \u{7f}",
        "X: \u{0}", "X.Y~: a", "X: a\rb", "X: a\nY: b", "",
    ]

    /// One of the good ones, and now and then of the odd ones.
    private static func pick(_ good: [String], _ odd: [String], _ dice: inout SeededGenerator) -> String {
        (dice.chance(1, in: 40) ? odd : good).randomElement(using: &dice) ?? ""
    }

    private static func head(_ dice: inout SeededGenerator) -> [UInt8] {
        var text = pick(methods, oddMethods, &dice) + " " + pick(targets, oddTargets, &dice)
        text += pick([" HTTP/1.1"], oddVersions, &dice) + pick(["\r\n"], ["\n", "\r", ""], &dice)
        for _ in 0..<Int.random(in: 0...5, using: &dice) {
            text += pick(fields, oddFields, &dice) + pick(["\r\n"], ["\n", "\r", "\r\r\n", " \r\n"], &dice)
        }
        text += pick(["\r\n"], ["\n", "\r", "\n\r\n", "X"], &dice)
        return Array(text.utf8)
    }

    /// Bytes that matter somewhere in a head; others come by chance.
    private static let telling = Array("\r\n\t :?#/%0aZ_-\"".utf8) + [0x00, 0x1f, 0x7f, 0x80, 0xc3, 0xff]

    private static func mutate(_ bytes: inout [UInt8], _ dice: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...3, using: &dice) where !bytes.isEmpty {
            let at = Int.random(in: bytes.indices, using: &dice)
            let byte =
                dice.chance(1, in: 3)
                ? UInt8.random(in: 0...255, using: &dice) : telling.randomElement(using: &dice) ?? 0
            switch Int.random(in: 0..<5, using: &dice) {
            case 0: bytes.remove(at: at)
            case 1: bytes.insert(byte, at: at)
            case 2: bytes.insert(bytes[at], at: at)
            case 3: bytes[at] ^= 0x20
            default: bytes[at] = byte
            }
        }
    }

    /// What NIO's decoder sees otherwise in a head that is plain; nil when it sees the same.
    private static func difference(_ plain: PlainHead, _ decoder: HeadDecoder) throws -> String? {
        let bytes = Array(plain.bytes.readableBytesView)
        guard try decoder.take(bytes.dropLast()).isEmpty else { return "the head ends earlier" }
        let parts = try decoder.take(bytes.suffix(1))
        guard case .head(let head)? = parts.first else { return "the head ends later" }
        guard head.version == .http1_1 else { return "the version" }
        guard head.method.rawValue == plain.method.text else { return "the method" }
        guard head.uri == plain.text(plain.target) else { return "the target" }
        let (one, other) = (RequestHead(plain), RequestHead(head))
        func list(_ headers: HTTPHeaders) -> [String] { headers.map { "\($0.name): \($0.value)" } }
        guard list(one.headers) == list(other.headers) else { return "the headers" }
        guard one.method == other.method, one.uri == other.uri, one.methodText == other.methodText,
            one.isChunkable == other.isChunkable, one.hasSeveralHosts == other.hasSeveralHosts
        else { return "what a head says" }
        guard plain.keepsAlive == head.isKeepAlive, one.keepsAlive == other.keepsAlive else {
            return "whether the connection stays"
        }
        guard one.isJSON == other.isJSON, one.clientKind == other.clientKind else {
            return "what content type or user agent mean"
        }
        let length = plain.contentLength
        guard head.headers.first(name: "content-length").flatMap({ Int($0) }) ?? 0 == length else {
            return "the content length"
        }
        if length == 0 {
            guard parts.count == 2, case .end = parts[1] else { return "there is a body" }
        } else {
            guard parts.count == 1 else { return "there is no body" }
            guard try bodyEnds(behind: length, decoder) else { return "the body's length" }
        }
        guard plain.keepsAlive, length <= longest else {
            try decoder.renew()
            return nil
        }
        // The next one begins right behind it.
        let next = try decoder.take("GET /next HTTP/1.1\r\n\r\n".utf8)
        guard next.count == 2, case .head(let last) = next[0], last.uri == "/next" else { return "the end" }
        return nil
    }

    /// Bodies up to this length are sent.
    private static let longest = 2_000

    private static func bodyEnds(behind length: Int, _ decoder: HeadDecoder) throws -> Bool {
        func isBody(_ part: HTTPServerRequestPart?, _ length: Int) -> Bool {
            if case .body(let bytes)? = part { return bytes.readableBytes == length }
            return false
        }
        let sent = min(length - 1, longest)
        if sent > 0 {
            let parts = try decoder.take(repeatElement(UInt8(ascii: "x"), count: sent))
            guard parts.count == 1, isBody(parts[0], sent) else { return false }
        }
        guard length <= longest else { return true }
        let parts = try decoder.take([UInt8(ascii: "y")])
        guard parts.count == 2, isBody(parts[0], 1), case .end = parts[1] else { return false }
        return true
    }

    /// How many heads of these rounds were plain.
    private static func run(_ rounds: Range<Int>) throws -> Int {
        let decoder = try HeadDecoder()
        var taken = 0
        for round in rounds {
            var dice = SeededGenerator(seed: round)
            var bytes = head(&dice)
            if dice.chance(1, in: 3) { mutate(&bytes, &dice) }
            let behind = dice.chance(1, in: 2) ? Array("GET / HTTP/1.1\r\n\r\n".utf8) : []
            guard case .plain(let plain) = PlainHead.scan(ByteBuffer(bytes: bytes + behind), limit: 16_384)
            else { continue }
            taken += 1
            let found = Array(plain.bytes.readableBytesView)
            var wrong: String?
            if !(bytes + behind).starts(with: found) { wrong = "the bytes" }
            if PlainKind(found.prefix(Int.random(in: 0..<found.count, using: &dice))) != .incomplete {
                wrong = "a prefix isn't incomplete"
            }
            do {
                wrong = try wrong ?? difference(plain, decoder)
            } catch {
                wrong = "the decoder says \(error)"
            }
            guard let wrong else { continue }
            // An expectation for each round would take longer than what it looks at.
            let text = String(decoding: found, as: UTF8.self)
            Issue.record("round \(round): \(wrong): \(text.debugDescription)")
            try decoder.renew()
        }
        return taken
    }

    @Test("what is taken for plain, NIO's decoder takes for the same")
    func sameAsDecoder() async throws {
        var taken = 0
        for start in stride(from: 0, to: Self.rounds, by: 64) {
            // Other tests wait for the clock on the same few threads.
            await Task.yield()
            taken += try Self.run(start..<min(start + 64, Self.rounds))
        }
        #expect(taken > Self.rounds / 10, "hardly a head was plain: nothing was tested")
    }
}
