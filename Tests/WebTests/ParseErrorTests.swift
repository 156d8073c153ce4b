import SignalboxMetrics
import Testing
import TestSupport
import Web

@Suite("Bytes that aren't HTTP")
struct ParseErrorTests {
    @Test(
        "are answered 400 in JSON, counted, and the connection ends",
        arguments: [
            "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\r\n\r\n", "HELLO\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
            "GET\r\n\r\n",
            "GET / HTTP/1.1\r\nNo colon\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ])
    func malformed(bytes: String) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            let reply = try await client.ask(bytes)
            #expect(reply.status == 400)
            #expect(try reply.json()["reason"]?.string == "malformed_http")
            #expect(try await client.rest().isEmpty)
            #expect(server.meter.total(.malformedRequests) == 1)
        }
    }

    @Test(
        "a head past its ceiling is answered 431", arguments: ["one long line", "many lines", "many bytes"])
    func headTooLarge(kind: String) async throws {
        let headers =
            switch kind {
            case "one long line": "X: " + String(repeating: "x", count: 20_000) + "\r\n"
            case "many lines": (0..<200).map { "X-\($0): 1\r\n" }.joined()
            default: (0..<100).map { "X-\($0): \(String(repeating: "x", count: 300))\r\n" }.joined()
            }
        try await Side.withServer { server in
            let reply = try await server.connect().ask(Side.hot.get(headers: headers))
            #expect(reply.status == 431)
            #expect(try reply.json()["reason"]?.string == "head_too_large")
        }
    }

    @Test("a target past the head's ceiling is refused too")
    func longTarget() async throws {
        try await Side.withServer { server in
            let reply = try await server.connect().ask(
                Side.hot.get("?x=" + String(repeating: "x", count: 20_000)))
            #expect([400, 414, 431].contains(reply.status))
        }
    }

    @Test("behind a good request end the connection after its answer", arguments: Side.allCases)
    func behindGood(side: Side) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            try await client.send(side.get() + "\u{1}garbage\r\n\r\n")
            #expect(try await client.reply().status == 200)
            let rest = try await client.rest()
            #expect(rest.isEmpty || rest.hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test("behind several good requests leave those their answers", arguments: Side.allCases)
    func behindSeveral(side: Side) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            try await client.send((0..<3).map { side.get("?n=\($0)") }.joined() + "\u{1}garbage\r\n\r\n")
            for n in 0..<3 { #expect(try await client.reply().json()["n"]?.string == String(n)) }
        }
    }

    @Test("nothing a client sends takes the server down: cut and changed requests")
    func mutations() async throws {
        let good = Array(
            "POST /api/rooms/room/messages HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                .utf8)
        try await Side.withServer { server in
            for index in stride(from: 0, to: good.count, by: 3) {
                var changed = good
                changed[index] = [0x00, 0x0a, 0x20, 0xff][index % 4]
                let client = try await server.connect()
                try await client.send(changed)
                try await client.closeOutput()
                _ = try await client.rest()
            }
            #expect(try await server.connect().ask(Side.cold.get()).status == 200)
        }
    }

    @Test(
        "are told from a client that goes away in the middle of a request",
        arguments: ["GET / HT", "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"])
    func goneInTheMiddle(sent: String) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            try await client.send(sent)
            await client.close()
            #expect(try await eventually { server.front.openConnections == 0 })
            #expect(server.meter.total(.malformedRequests) == 0)
        }
    }

    @Test("are told from a body that was refused and never came")
    func refusedBody() async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            let reply = try await client.ask("POST /admin/login HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n")
            #expect(reply.status == 413)
            await client.close()
            #expect(try await eventually { server.front.openConnections == 0 })
            #expect(server.meter.total(.malformedRequests) == 0)
        }
    }
}
