import Testing
import TestSupport
import Web

@Suite("Methods")
struct MethodsTests {
    @Test("a wrong one is answered 405 with Allow, and the connection goes on", arguments: Side.allCases)
    func wrongMethod(side: Side) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            let reply = try await client.ask("DELETE \(side.getPath) HTTP/1.1\r\nHost: relay\r\n\r\n")
            #expect(reply.status == 405)
            #expect(reply["allow"] == "GET, HEAD")
            #expect(
                try reply.json()
                    == .object(["error": .string("method not allowed"), "reason": .string("wrong_method")]))
            #expect(try await client.ask(side.get()).status == 200)
        }
    }

    @Test("an unknown word is a wrong one", arguments: Side.allCases)
    func unknownMethod(side: Side) async throws {
        try await Side.withServer { server in
            let reply = try await server.connect().ask(
                "PROPFIND \(side.getPath) HTTP/1.1\r\nHost: relay\r\n\r\n")
            #expect(reply.status == 405)
            #expect(server.meter.total(.requestMethods(.other)) == 1)
        }
    }

    @Test("HEAD is answered like GET without the body", arguments: Side.allCases)
    func head(side: Side) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            let get = try await client.ask(side.get())
            let head = try await client.ask(
                "HEAD \(side.getPath) HTTP/1.1\r\nHost: relay\r\n\r\n", hasBody: false)
            #expect(head.status == 200)
            #expect(head["content-length"] == get["content-length"])
            // A body after it would stand where the next response begins.
            #expect(try await client.ask(side.get()).status == 200)
        }
    }

    @Test("OPTIONS says what a route answers", arguments: Side.allCases)
    func options(side: Side) async throws {
        try await Side.withServer { server in
            let reply = try await server.connect().ask(
                "OPTIONS \(side.getPath) HTTP/1.1\r\nHost: relay\r\n\r\n")
            #expect(reply.status == 200)
            #expect(reply["allow"] == "GET, HEAD")
        }
    }

    @Test(
        "an unknown route is JSON 404 whatever the method", arguments: ["GET", "POST", "OPTIONS", "PROPFIND"])
    func unknownRoute(method: String) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            let reply = try await client.ask(
                "\(method) /not/here HTTP/1.1\r\nHost: relay\r\nContent-Length: 0\r\n\r\n")
            #expect(reply.status == 404)
            #expect(try reply.json()["reason"]?.string == "unknown_route")
            #expect(reply["connection"] == "keep-alive")
        }
    }
}
