import NIOCore
import NIOHTTP1
import SignalboxMetrics
import Testing
import TestSupport
@testable import Web

/// Requests whose answers mustn't depend on who reads them.
private enum Talk {
    /// A header that is the decoder's to read, and changes nothing.
    static let odd = "X-Odd: a\tb\r\n"

    /// Says all that was understood of a request.
    static func echo(_ request: FrontRequest) -> FrontResponse {
        .json(
            JSONWriter.object {
                $0.field("route", request.route.text)
                $0.field("method", request.head.methodText)
                $0.field("uri", request.head.uri)
                $0.field("parameter", request.parameter)
                $0.field("n", request.query["n"] ?? "none")
                $0.field("client", "\(request.client)")
                $0.field("secure", request.isSecure)
                $0.field("kind", "\(request.clientKind)")
                $0.field("json", request.hasJSON)
                $0.field("body", String(buffer: request.body))
                $0.field("accept", request.header("ACCEPT") ?? "none")
                $0.field("forwarded", request.head.values("x-forwarded-for").joined(separator: "|"))
            })
    }

    static let hot = StubHot { request, connection in
        guard request.route == .health || request.route == .roomMessages else { return false }
        connection.respond(echo(request))
        return true
    }
    static let cold = StubCold { echo($0) }

    /// What was sent, but for the time of day.
    static func undated(_ text: String) -> String {
        text.split(separator: "\r\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("Date: ") }
            .joined(separator: "\r\n")
    }

    static func undated(_ reply: HTTPReply) -> String {
        let headers = reply.headers.filter { $0.name != "date" }.map { "\($0.name): \($0.value)" }
        return "\(reply.status) \(headers) \(reply.body)"
    }

    static func counted(_ meter: Meter) -> [UInt64] { Counter.all.map { meter.total($0) } }

    static func get(_ n: Int, _ headers: String = "") -> String {
        "GET /api/health?n=\(n) HTTP/1.1\r\nHost: relay\r\n\(headers)\r\n"
    }

    static func post(_ body: String, _ headers: String = "") -> String {
        "POST /api/rooms/r/messages HTTP/1.1\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n" + body
    }
}

@Suite("Plain requests in pieces")
struct PlainRequestPiecesTests {
    private struct Outcome: Equatable {
        let sent: String
        let counted: [UInt64]
    }

    /// What a connection without a socket answers to bytes that come in these pieces.
    private func outcome(_ pieces: [ArraySlice<UInt8>]) throws -> Outcome {
        let meter = Meter()
        let front = try EmbeddedFront(hot: Talk.hot, meter: meter)
        var sent = ""
        for piece in pieces {
            try front.receive(String(decoding: piece, as: UTF8.self))
            sent += try front.sent()
        }
        try front.hangUp()
        return Outcome(sent: Talk.undated(sent), counted: Talk.counted(meter))
    }

    private static let conversations: [String] = [
        Talk.get(1) + Talk.get(2), Talk.post("hello") + Talk.get(1),
        Talk.get(1) + Talk.post("GET / HTTP/1.1"),
        Talk.post("one") + Talk.post("two", "Content-Type: application/json\r\n"),
        Talk.get(1) + Talk.get(2, Talk.odd) + Talk.get(3),
        Talk.post("one") + Talk.post("two", Talk.odd) + Talk.post("three"),
        Talk.get(1, Talk.odd) + Talk.post("x") + Talk.get(2),
        "GET /no HTTP/1.1\r\n\r\nPUT /api/health HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc" + Talk.get(1),
        "HEAD /api/health HTTP/1.1\r\n\r\nOPTIONS /api/health HTTP/1.1\r\n\r\n" + Talk.get(1),
        Talk.get(1) + "POST /api/rooms/r/messages HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nabc\r\n0\r\n\r\n" + Talk.get(2),
        Talk.get(1) + Talk.get(2, "Connection: close\r\n"),
    ]

    @Test("cut in two anywhere are answered and counted like those that come whole", arguments: conversations)
    func cut(text: String) throws {
        let bytes = Array(text.utf8)
        let whole = try outcome([bytes[...]])
        #expect(whole.sent.contains("HTTP/1.1 200 OK"))
        for at in 1..<bytes.count {
            if try outcome([bytes[..<at], bytes[at...]]) != whole { Issue.record("cut at \(at)") }
        }
    }

    @Test("byte by byte are answered like those that come whole", arguments: conversations)
    func dribbled(text: String) throws {
        let bytes = Array(text.utf8)
        #expect(try outcome(bytes.indices.map { bytes[$0...$0] }) == outcome([bytes[...]]))
    }

    @Test("cut anyhow are answered like those that come whole", arguments: conversations.indices)
    func random(index: Int) throws {
        let bytes = Array(Self.conversations[index].utf8)
        let whole = try outcome([bytes[...]])
        for round in 0..<60 {
            var dice = SeededGenerator(seed: index * 1_000 + round)
            var pieces: [ArraySlice<UInt8>] = []
            var at = 0
            let longest = Int.random(in: 2...60, using: &dice)
            while at < bytes.count {
                let end = min(bytes.count, at + Int.random(in: 1...longest, using: &dice))
                pieces.append(bytes[at..<end])
                at = end
            }
            if try outcome(pieces) != whole { Issue.record("round \(round): \(pieces.map(\.startIndex))") }
        }
    }

    @Test("are answered over a socket too, byte by byte", arguments: conversations.indices.dropLast())
    func overSocket(index: Int) async throws {
        let text = Self.conversations[index]
        let count = text.components(of: "HTTP/1.1\r\n")
        func replies(_ pieces: [[UInt8]]) async throws -> [String] {
            try await LoopbackServer.run(hot: Talk.hot, cold: Talk.cold) { server in
                let client = try await server.connect()
                for piece in pieces { try await client.send(piece) }
                var replies: [String] = []
                for n in 0..<count {
                    let hasBody = !(n == 0 && text.hasPrefix("HEAD "))
                    replies.append(Talk.undated(try await client.reply(hasBody: hasBody)))
                }
                return replies
            }
        }
        let whole = try await replies([Array(text.utf8)])
        let dribbled = try await replies(text.utf8.map { [$0] })
        #expect(whole == dribbled)
        #expect(whole.count == count)
    }

    /// Whether the connection was given to NIO's decoder.
    private func isDecoding(_ front: EmbeddedFront) -> Bool {
        (try? front.channel.pipeline.syncOperations.context(name: FrontHandler.decoderName)) != nil
    }

    @Test("don't need the decoder, until one comes that isn't plain")
    func decoder() throws {
        let front = try EmbeddedFront(hot: Talk.hot)
        try front.receive(Talk.get(1) + Talk.post("abc"))
        try front.receive("GET /api/health HTTP/1.1\r\nHo")
        try front.receive("st: relay\r\n\r\n")
        try front.receive(Talk.post("abc") + "GET /no HTTP/1.1\r\n\r\n")
        #expect(!isDecoding(front))
        try front.receive(Talk.get(2, Talk.odd))
        #expect(isDecoding(front))
        try front.receive(Talk.get(3))
        #expect(try front.sent().components(of: "HTTP/1.1 200 OK\r\n") == 6)
        try front.hangUp()
    }

    /// Parks the first request and answers the others.
    private func parkingFirst(_ seen: EmbeddedFront.Seen) -> StubHot {
        StubHot { request, connection in
            guard seen.connections.isEmpty else { return Talk.hot.respond(to: request, on: connection) }
            seen.connections.append(connection)
            connection.park(Parking(), timeout: .seconds(60))
            return true
        }
    }

    @Test("behind a parked one wait for its answer", arguments: [true, false], ["", Talk.odd])
    func behindParked(atOnce: Bool, headers: String) throws {
        let seen = EmbeddedFront.Seen()
        let front = try EmbeddedFront(hot: parkingFirst(seen))
        let texts = [Talk.get(0), Talk.get(1, headers), Talk.post("abc"), Talk.get(3)]
        if atOnce {
            try front.receive(texts.joined())
        } else {
            for text in texts { try front.receive(text) }
        }
        #expect(try front.sent().isEmpty)
        #expect(seen.connections.count == 1)
        seen.connections.first?.respond(.json(ByteBuffer(string: "\"parked\"")))
        let sent = try front.sent()
        let places = ["\"parked\"", "n=1", "\"abc\"", "n=3"].map { sent.place(of: $0) }
        #expect(places == places.sorted())
        #expect(places.first != -1)
        #expect(sent.components(of: "HTTP/1.1 200 OK\r\n") == 4)
        try front.receive(Talk.get(4))
        #expect(try front.sent().contains("n=4"))
        try front.hangUp()
    }

    @Test("behind one that was parked and answered are answered as ever")
    func afterParked() throws {
        let seen = EmbeddedFront.Seen()
        let front = try EmbeddedFront(hot: parkingFirst(seen))
        try front.receive(Talk.get(0))
        seen.connections.first?.respond(.json(ByteBuffer(string: "\"parked\"")))
        try front.receive(Talk.get(1) + Talk.get(2))
        #expect(try front.sent().components(of: "HTTP/1.1 200 OK\r\n") == 3)
        #expect(!isDecoding(front))
        try front.hangUp()
    }

    @Test("whose body comes slowly don't keep another connection waiting")
    func slowBody() async throws {
        try await LoopbackServer.run(hot: Talk.hot) { server in
            let (slow, other) = (try await server.connect(), try await server.connect())
            let text = Array(Talk.post(String(repeating: "b", count: 9_000)).utf8)
            let head = text.count - 9_000
            try await slow.send(Array(text[..<(head + 5)]))
            #expect(try await eventually { server.meter.total(.requestMethods(.post)) == 1 })
            for at in stride(from: head + 5, to: text.count, by: 1_799) {
                #expect(try await other.ask(Talk.get(at)).json()["n"]?.string == String(at))
                try await slow.send(Array(text[at..<min(at + 1_799, text.count)]))
            }
            #expect(try await slow.reply().json()["body"]?.string?.utf8.count == 9_000)
            #expect(try await slow.ask(Talk.get(1)).status == 200)
            #expect(server.meter.total(.requestMethods(.post)) == 1)
        }
    }
}

@Suite("Plain requests, beside the same ones that the decoder reads")
struct PlainRequestsTests {
    /// `@` stands where the header is put that makes a request the decoder's.
    private static let requests: [String] = [
        "GET /api/health HTTP/1.1\r\nHost: relay\r\n@\r\n", "GET / HTTP/1.1\r\nHost: relay\r\n@\r\n",
        "GET /API/Health/?n=1&n=2 HTTP/1.1\r\nhost:relay\r\n@\r\n",
        "GET /api/health?n=a%20b+c HTTP/1.1\r\n@\r\n", "GET /api/health?n=%zz HTTP/1.1\r\n@\r\n",
        "GET /api/health? HTTP/1.1\r\n@\r\n", "GET /api/health??n=1&n HTTP/1.1\r\n@\r\n",
        "GET /api/health?x=/api?n=1&n=2 HTTP/1.1\r\n@\r\n", "GET /no HTTP/1.1\r\n@\r\n",
        "GET //api/health HTTP/1.1\r\n@\r\n", "GET /a://b/api/health HTTP/1.1\r\n@\r\n",
        "GET /no HTTP/1.1\r\nAccept: text/html,*/*;q=0.8\r\n@\r\n",
        "GET /no?x=1 HTTP/1.1\r\nACCEPT: application/json\r\nAccept: TEXT/HTML\r\n@\r\n",
        "GET /api/no HTTP/1.1\r\nAccept: text/html\r\n@\r\n",
        "POST /no HTTP/1.1\r\nAccept: text/html\r\nContent-Length: 3\r\n@\r\nabc",
        "PUT /api/health HTTP/1.1\r\n@Content-Length: 0\r\n\r\n", "DELETE / HTTP/1.1\r\n@\r\n",
        "PUT /api/health HTTP/1.1\r\nContent-Length: 5\r\n@\r\nabcde",
        "GET /api/rooms/r/messages HTTP/1.1\r\n@\r\n", "OPTIONS /api/health HTTP/1.1\r\n@\r\n",
        "OPTIONS /api/rooms/r/messages HTTP/1.1\r\nContent-Length: 2\r\n@\r\nhi",
        "OPTIONS /no HTTP/1.1\r\n@\r\n", "HEAD /api/health HTTP/1.1\r\n@\r\n", "HEAD / HTTP/1.1\r\n@\r\n",
        "HEAD /no HTTP/1.1\r\nAccept: text/html\r\n@\r\n", "HEAD /api/rooms/r/messages HTTP/1.1\r\n@\r\n",
        "GET /assets/%zz HTTP/1.1\r\n@\r\n", "POST /api/rooms/%/messages HTTP/1.1\r\n@\r\n",
        "POST /api/rooms/a%20b%C3%A9/messages HTTP/1.1\r\n@\r\n", "GET /assets/%ff HTTP/1.1\r\n@\r\n",
        "POST /api/rooms/r/messages HTTP/1.1\r\nContent-Length: 2\r\nContent-Type: application/json\r\n@\r\n{}",
        "POST /api/rooms/r/messages HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 002\r\n@\r\n{}",
        "POST /api/rooms/r/messages HTTP/1.1\r\nContent-Length: 2\r\ncontent-type: Application/JSON ; a=b\r\n"
            + "@\r\n{}",
        "POST /api/rooms/r/messages HTTP/1.1\r\n@\r\n",
        "GET /api/health HTTP/1.1\r\nX-Forwarded-For: 198.51.100.7\r\n@\r\n",
        "GET / HTTP/1.1\r\nX-Forwarded-For: 1.1.1.1, 127.0.0.1\r\nX-FORWARDED-FOR: 198.51.100.7\r\n@\r\n",
        "GET /api/health HTTP/1.1\r\nx-forwarded-proto: HTTPS\r\n@\r\n",
        "GET /api/health HTTP/1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: nonsense\r\n@\r\n",
        "GET /api/health HTTP/1.1\r\nX-Forwarded-For:\r\n@\r\n",
        "GET /api/health HTTP/1.1\r\nCF-Connecting-IP: 198.51.100.7\r\n@\r\n",
        "GET /api/health HTTP/1.1\r\nUser-Agent: Mozilla/5.0 (X11) Firefox/130\r\n@\r\n",
        "GET / HTTP/1.1\r\nUSER-AGENT: curl/8.5\r\nUser-Agent: Mozilla/5.0\r\n@\r\n",
        "GET /api/health HTTP/1.1\r\nUser-Agent:\r\nAccept:    a  b\r\nAccept: c\r\n@\r\n",
        "GET /api/health HTTP/1.1\r\nConnection: Keep-Alive\r\n@\r\n",
        "GET /api/health HTTP/1.1\r\nConnection: close\r\n@\r\n",
    ]

    private func talk(
        _ requests: [String], _ headers: String, limits: Front.Limits = .init(),
        trustsCloudflare: Bool = false
    ) async throws -> (answers: [String], counted: [UInt64]) {
        var options = Front.Options()
        options.missingPage = .page("<p>Nothing here.</p>", status: .notFound)
        options.trustsCloudflare = trustsCloudflare
        return try await LoopbackServer.run(
            hot: Talk.hot, cold: Talk.cold, limits: limits, options: options
        ) { server in
            let client = try await server.connect()
            var answers: [String] = []
            for request in requests {
                let text = request.replacing("@", with: headers)
                let reply = try await client.ask(text, hasBody: !request.hasPrefix("HEAD "))
                answers.append(Talk.undated(reply))
            }
            // Nothing is behind the last one's answer.
            answers.append(try await client.rest())
            await client.close()
            return (answers, Talk.counted(server.meter))
        }
    }

    @Test("have the same answers and are counted the same", arguments: [false, true])
    func same(trustsCloudflare: Bool) async throws {
        let plain = try await talk(Self.requests, "", trustsCloudflare: trustsCloudflare)
        let odd = try await talk(Self.requests, Talk.odd, trustsCloudflare: trustsCloudflare)
        for (index, request) in Self.requests.enumerated() {
            #expect(plain.answers[index] == odd.answers[index], "\(request)")
        }
        #expect(plain.answers == odd.answers)
        #expect(plain.counted == odd.counted)
        #expect(plain.answers.last == "")
        let statuses = Set(plain.answers.dropLast().map { $0.prefix(3) })
        #expect(statuses == ["200", "400", "404", "405"])
    }

    @Test("too large are refused the same, and nothing behind them is answered")
    func tooLarge() async throws {
        var limits = Front.Limits()
        limits.bodyBytes = 1_000
        let line = "POST /api/rooms/r/messages HTTP/1.1\r\nContent-Length: "
        for request in [
            line + "1001\r\n@\r\n", line + "999999999999999\r\n@\r\nabc",
            line + "1001\r\n@\r\n" + Talk.get(1),
            line + "1001\r\n@\r\n" + String(repeating: "x", count: 1_001) + Talk.get(1),
            "GET /api/health HTTP/1.1\r\nContent-Length: 1001\r\n@\r\n",
            "PUT /no HTTP/1.1\r\nContent-Length: 1001\r\n@\r\n",
        ] {
            let requests = [Talk.post(String(repeating: "x", count: 1_000), "@"), request]
            let plain = try await talk(requests, "", limits: limits)
            let odd = try await talk(requests, Talk.odd, limits: limits)
            #expect(plain.answers == odd.answers)
            #expect(plain.counted == odd.counted)
            #expect(plain.answers.map { $0.prefix(3) } == ["200", "413", ""])
        }
    }

    private static let agents: [(String?, ClientKind)] = [
        (nil, .agent), ("", .agent), ("node", .agent), ("Mozilla/5.0 (X11; Linux) Chrome/126.0", .browser),
        ("mozilla", .browser), ("xxMOZILLAxx", .browser), ("mozill", .agent), ("Safari", .browser),
        ("CHROME/1", .browser), ("Firefox/1", .browser), ("edge", .browser), ("Edg/1", .agent),
        ("curl/8.0", .agent), ("python-requests/2.32", .agent), ("Wget/1.21", .agent),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", .agent), ("bot Mozilla", .agent),
        ("Mozilla CURL", .agent), ("Mozilla requests", .agent), ("Firefox Python", .agent),
        ("Mozilla wGet", .agent), ("Chromebot", .agent), ("Chrome cur", .browser), ("Safari bo", .browser),
        ("é Mozilla", .browser), ("M\u{f6}zilla", .agent), ("-ozilla", .agent), ("cchrome", .browser),
        ("safarsafari", .browser), ("mmozilla", .browser), ("\u{0d}ozilla", .agent), ("cuRl", .agent),
    ]

    @Test("a browser is told from an agent, by a text and by its bytes", arguments: agents)
    func clientKind(agent: String?, expected: ClientKind) {
        #expect(ClientKind(userAgent: agent) == expected)
        let ofBytes = Array((agent ?? "").utf8).withUnsafeBytes { ClientKind(userAgent: $0) }
        #expect(ofBytes == expected)
    }

    private static let heads: [String] = [
        "GET / HTTP/1.1\r\n\r\n", "GET /a?b HTTP/1.1\r\nHost: relay\r\n\r\n",
        "POST /a?b=c?d HTTP/1.1\r\nX-A: 1\r\nx-a:2\r\nX-a:\r\nX_A: 3\r\nX-A-: 4\r\nContent-Length: 3\r\n\r\n",
        "GET / HTTP/1.1\r\nuser-agent: curl\r\nContent-Type: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\ncontent-type: a/b\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nUser-Agent:\r\nX: Mozilla\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Type:\r\nX: application/json\r\n\r\n",
    ]

    @Test("a head says the same, whoever read it", arguments: heads)
    func sameHead(text: String) throws {
        guard case .plain(let head) = PlainHead.scan(ByteBuffer(string: text), limit: 16_384) else {
            Issue.record("it isn't plain")
            return
        }
        let plain = RequestHead(head)
        let decoded = RequestHead(try HeadDecoder().head(text.utf8))
        for name in [
            "host", "Host", "X-A", "x-a", "x_a", "x-A-", "User-Agent", "content-type", "x", "", "none",
        ] {
            #expect(plain.first(name) == decoded.first(name), "\(name)")
            #expect(plain.values(name) == decoded.values(name), "\(name)")
        }
        func list(_ headers: HTTPHeaders) -> [String] { headers.map { "\($0.name): \($0.value)" } }
        #expect(list(plain.headers) == list(decoded.headers))
        #expect(plain.keepsAlive == decoded.keepsAlive)
        #expect(plain.isJSON == decoded.isJSON)
        #expect(plain.clientKind == decoded.clientKind)
        #expect(plain.decoded == decoded.decoded)
        #expect(plain.forgotten.headers.isEmpty)
        #expect(plain.forgotten.keepsAlive == plain.keepsAlive)
    }
}

extension String {
    /// How often a text is in it.
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }

    /// Where a text begins, in bytes; -1 when it isn't there.
    fileprivate func place(of text: String) -> Int {
        guard let range = firstRange(of: text) else { return -1 }
        return utf8.distance(from: startIndex, to: range.lowerBound)
    }
}
