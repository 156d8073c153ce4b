import NIOCore
import Testing
import TestSupport
import Web

@Suite("An error on the connection")
struct ConnectionErrorTests {
    private struct Broken: Error {}

    @Test(
        "that is no parse error closes it, between requests and within one",
        arguments: ["", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"])
    func closes(received: String) throws {
        let front = try EmbeddedFront(hot: Side.hotResponder)
        try front.receive(received)
        front.channel.pipeline.fireErrorCaught(Broken())
        front.run()
        #expect(!front.channel.isActive)
    }

    @Test("while an answer is awaited closes it and the answer goes nowhere")
    func whileParked() throws {
        let seen = EmbeddedFront.Seen()
        let hot = StubHot { _, connection in
            seen.connections.append(connection)
            connection.park(Parking(), timeout: .seconds(60))
            return true
        }
        let front = try EmbeddedFront(hot: hot)
        try front.receive(Side.hot.get())
        front.channel.pipeline.fireErrorCaught(Broken())
        front.run()
        #expect(!front.channel.isActive)
        seen.connections.first?.respond(FrontResponse())
        #expect(try front.sent().isEmpty)
    }
}
