import SignalboxMetrics
import Testing
import TestSupport
import Web

@Suite("Pipelined requests")
struct PipeliningTests {
    private func get(_ side: Side, _ n: Int) -> String { side.get("?n=\(n)") }

    @Test(
        "are answered in the order they came, whichever side answers them",
        arguments: [
            [Side.hot, .hot, .hot], [.cold, .hot, .hot], [.hot, .cold, .hot], [.cold, .cold, .hot],
        ])
    func order(sides: [Side]) async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            let all = (0..<30).map { sides[$0 % sides.count] }
            try await client.send(all.enumerated().map { get($1, $0) }.joined())
            for (n, side) in all.enumerated() {
                let json = try await client.reply().json()
                #expect(json["n"]?.string == String(n))
                #expect(json["side"]?.string == side.rawValue)
            }
        }
    }

    @Test("with bodies keep each body with its request")
    func bodies() async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            let lengths = [0, 1, 70_000, 3, 40_000, 0]
            try await client.send(
                lengths.enumerated().map {
                    ($0 % 2 == 0 ? Side.cold : .hot).post(String(repeating: "b", count: $1))
                }.joined())
            for length in lengths {
                #expect(try await client.reply().json()["body"] == .number(Double(length)))
            }
        }
    }

    @Test("byte for byte are answered like those that come at once")
    func dribbled() async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            for byte in (get(.cold, 1) + Side.hot.post("hello")).utf8 { try await client.send([byte]) }
            #expect(try await client.reply().json()["n"]?.string == "1")
            #expect(try await client.reply().json()["body"] == .number(5))
        }
    }

    @Test("behind a refused one are answered too")
    func behindRefusal() async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            try await client.send(
                "GET /no HTTP/1.1\r\n\r\n" + get(.cold, 1) + "PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
                    + get(.hot, 2))
            var statuses: [Int] = []
            for _ in 0..<4 { statuses.append(try await client.reply().status) }
            #expect(statuses == [404, 200, 405, 200])
        }
    }

    @Test("behind one that closes the connection aren't answered")
    func behindClose() async throws {
        try await Side.withServer { server in
            let client = try await server.connect()
            try await client.send(Side.cold.get(headers: "Connection: close\r\n") + get(.hot, 2))
            #expect(try await client.reply()["connection"] == "close")
            #expect(try await client.rest().isEmpty)
        }
    }
}
