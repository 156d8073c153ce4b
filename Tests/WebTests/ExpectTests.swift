import Testing
import TestSupport

@Suite("Expect: 100-continue")
struct ExpectTests {
    private static let interim = "HTTP/1.1 100 Continue\r\n\r\n"

    private func head(_ side: Side, length: Int) -> String {
        "POST \(side.postPath) HTTP/1.1\r\nHost: relay\r\nExpect: 100-Continue\r\n"
            + "Content-Length: \(length)\r\n\r\n"
    }

    @Test("a client that waits for it may go on", arguments: Side.allCases)
    func goesOn(side: Side) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            try await client.send(head(side, length: 5))
            #expect(try await client.take(Self.interim.utf8.count) == Self.interim)
            #expect(try await client.ask("hello").json()["body"] == .number(5))
        }
    }

    @Test("a body that will be refused isn't asked for", arguments: Side.allCases)
    func tooLarge(side: Side) async throws {
        try await Side.withServer { server in
            let reply = try await server.connect().ask(head(side, length: 500_000))
            #expect(reply.status == 413)
        }
    }

    @Test("an unknown route isn't asked for its body")
    func unknownRoute() async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            try await client.send(
                "POST /no HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
            #expect(try await client.reply().status == 404)
        }
    }

    @Test("pipelined behind a slow answer it waits its turn")
    func pipelined() async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            try await client.send(Side.cold.get() + head(.hot, length: 5))
            #expect(try await client.reply().status == 200)
            #expect(try await client.take(Self.interim.utf8.count) == Self.interim)
            #expect(try await client.ask("hello").json()["body"] == .number(5))
        }
    }
}
