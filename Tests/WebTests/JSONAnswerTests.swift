import NIOCore
import NIOEmbedded
import SignalboxMetrics
import Testing
import TestSupport
@testable import Web

@Suite("A JSON answer laid out the short way")
struct JSONAnswerTests {
    @Test("has the bytes of the general way", arguments: [0, 1, 9, 10, 99, 100, 999, 1_000, 100_000])
    func bytes(length: Int) {
        let loop = FrontLoop(eventLoop: EmbeddedEventLoop())
        let body = ByteBuffer(repeating: UInt8(ascii: "j"), count: length)
        // The second may change between the two.
        for _ in 0..<100 {
            let date = loop.date
            let answer = loop.jsonAnswer(body)
            guard loop.date == date else { continue }
            var expected = ByteBuffer()
            ResponseBytes.encode(
                .json(body), date: date, keepAlive: true, omitBody: false, into: &expected)
            #expect(answer == expected)
            return
        }
        Issue.record("each try took more than a second")
    }

    @Test("doesn't depend on the one before, nor change it")
    func several() {
        let loop = FrontLoop(eventLoop: EmbeddedEventLoop())
        let lengths = [5, 100_000, 0, 12, 5]
        let answers = lengths.map { loop.jsonAnswer(ByteBuffer(repeating: 0x6a, count: $0)) }
        for (length, answer) in zip(lengths, answers) {
            let text = String(buffer: answer)
            #expect(text.contains("\r\nContent-Length: \(length)\r\n"))
            #expect(text.hasSuffix("\r\n\r\n" + String(repeating: "j", count: length)))
        }
    }

    @Test("takes what is left of its body's buffer, not what was read of it")
    func readBody() {
        let loop = FrontLoop(eventLoop: EmbeddedEventLoop())
        var body = ByteBuffer(string: "gone{}")
        body.moveReaderIndex(forwardBy: 4)
        let text = String(buffer: loop.jsonAnswer(body))
        #expect(text.contains("\r\nContent-Length: 2\r\n"))
        #expect(text.hasSuffix("\r\n\r\n{}"))
    }

    private static let words = "{\"ok\":true,\"text\":\"é\"}"

    /// Answers the short way, or the general one when the query asks for it.
    private static let hot = StubHot { request, connection in
        guard request.route == .health else { return false }
        let body =
            request.query["bytes"].flatMap { Int($0) }.map { ByteBuffer(repeating: 0x6a, count: $0) }
            ?? ByteBuffer(string: words)
        if request.query["way"] == "general" {
            connection.respond(.json(body))
        } else {
            connection.respond(json: body)
        }
        return true
    }

    /// The answers to the requests one after the other on one connection, what came behind them when the
    /// connection ends, and what was counted.
    private func talk(_ way: String, _ requests: [String], hasBody: Bool = true, ends: Bool)
        async throws -> (answers: [String], counted: [UInt64])
    {
        try await LoopbackServer.run(hot: Self.hot) { server in
            let client = try await server.connect()
            var answers: [String] = []
            for request in requests {
                let reply = try await client.ask(
                    request.replacing("WAY", with: "way=\(way)"), hasBody: hasBody)
                let headers = reply.headers.filter { $0.name != "date" }.map { "\($0.name): \($0.value)" }
                answers.append("\(reply.status) \(headers) \(reply.body)")
                #expect(reply["date"]?.hasSuffix(" GMT") == true)
            }
            if ends { answers.append(try await client.rest()) }
            return (answers, Counter.all.map { server.meter.total($0) })
        }
    }

    private func expectSame(_ requests: [String], hasBody: Bool = true, ends: Bool) async throws {
        let short = try await talk("short", requests, hasBody: hasBody, ends: ends)
        let general = try await talk("general", requests, hasBody: hasBody, ends: ends)
        #expect(short.answers == general.answers)
        #expect(short.counted == general.counted)
        #expect(short.answers.count == requests.count + (ends ? 1 : 0))
        if ends { #expect(short.answers.last == "") }
    }

    private static let host = "Host: relay\r\n"

    @Test("reaches a client as the general one does, and the next request is answered")
    func get() async throws {
        try await expectSame(
            [0, 9, 10, 999, 100_000].map {
                "GET /api/health?WAY&bytes=\($0) HTTP/1.1\r\n\(Self.host)\r\n"
            } + ["GET /api/health?WAY HTTP/1.1\r\n\(Self.host)\r\n"], ends: false)
    }

    @Test("to HEAD has the length and no body")
    func head() async throws {
        let head = "HEAD /api/health?WAY HTTP/1.1\r\n\(Self.host)"
        try await expectSame(
            [head + "\r\n", head + "\r\n", head + "Connection: close\r\n\r\n"], hasBody: false, ends: true)
        let answers = try await talk("short", [head + "\r\n"], hasBody: false, ends: false).answers
        #expect(answers[0].contains("content-length: \(Self.words.utf8.count)"))
    }

    @Test("to HTTP/1.0 ends the connection unless that is to stay")
    func oldClient() async throws {
        try await expectSame(["GET /api/health?WAY HTTP/1.0\r\n\r\n"], ends: true)
        try await expectSame(
            [
                "GET /api/health?WAY HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
                "GET /api/health?WAY HTTP/1.0\r\n\r\n",
            ], ends: true)
    }

    @Test("to a client that wants the connection to end says so, and ends it")
    func close() async throws {
        let close = "GET /api/health?WAY HTTP/1.1\r\n\(Self.host)Connection: close\r\n\r\n"
        try await expectSame(
            ["GET /api/health?WAY HTTP/1.1\r\n\(Self.host)\r\n", close], ends: true)
        let answers = try await talk("short", [close], ends: true).answers
        #expect(answers[0].contains("connection: close"))
        #expect(!answers[0].contains("keep-alive"))
    }

    @Test("to pipelined requests are in order, short ones between general ones")
    func pipelined() async throws {
        try await LoopbackServer.run(hot: Self.hot) { server in
            let client = try await server.connect()
            let lengths = Array(0..<60)
            try await client.send(
                lengths.map {
                    "GET /api/health?bytes=\($0)&way=\($0 % 3 == 0 ? "general" : "short") HTTP/1.1\r\n"
                        + Self.host + "\r\n"
                }.joined())
            for length in lengths { #expect(try await client.reply().body.utf8.count == length) }
            #expect(server.meter.total(.requests(.health, .success)) == 60)
        }
    }
}
