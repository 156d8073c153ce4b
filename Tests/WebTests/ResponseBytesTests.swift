import NIOCore
import NIOHTTP1
import Testing
@testable import Web

@Suite("A response as bytes")
struct ResponseBytesTests {
    private func text(_ response: FrontResponse, keepAlive: Bool = true, omitBody: Bool = false) -> String {
        var buffer = ByteBuffer()
        ResponseBytes.encode(
            response, date: "Thu, 01 Jan 1970 00:00:00 GMT", keepAlive: keepAlive, omitBody: omitBody,
            into: &buffer)
        return String(buffer: buffer)
    }

    @Test("status line, date, security headers, own headers, length, connection, body: in this order")
    func layout() {
        let response = FrontResponse(
            status: .created, headers: [("X-One", "1")], body: ByteBuffer(string: "hé"))
        let security = SecurityHeaders.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
        #expect(
            text(response) == "HTTP/1.1 201 Created\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n" + security
                + "X-One: 1\r\nContent-Length: 3\r\nConnection: keep-alive\r\nKeep-Alive: timeout=120\r\n\r\nhé"
        )
    }

    @Test(
        "a line break in a header's value drops the header",
        arguments: ["a\r\nSet-Cookie: x=1", "a\nb", "a\rb", "a\0b"])
    func headerInjection(value: String) {
        let response = FrontResponse(headers: [("Location", value), ("X-Good", "1")])
        let written = text(response)
        #expect(!written.contains("Location"))
        #expect(!written.contains("Set-Cookie"))
        #expect(written.contains("X-Good: 1\r\n"))
    }

    @Test("an answer to HEAD has the length of what it leaves out")
    func head() {
        let written = text(FrontResponse(body: ByteBuffer(string: "12345")), omitBody: true)
        #expect(written.contains("Content-Length: 5\r\n"))
        #expect(written.hasSuffix("\r\n\r\n"))
    }

    @Test(
        "a status that has no body has no length either",
        arguments: [HTTPResponseStatus.noContent, .notModified])
    func noBody(status: HTTPResponseStatus) {
        #expect(!text(FrontResponse(status: status)).contains("Content-Length"))
    }

    @Test("a connection that ends says so")
    func closing() {
        let written = text(FrontResponse(), keepAlive: false)
        #expect(written.contains("Connection: close\r\n"))
        #expect(!written.contains("keep-alive"))
    }

    @Test("a refusal is JSON with the original's words, a reason, and when to come back")
    func refusal() {
        let response = FrontResponse.refusal(
            .tooManyRequests, ErrorBody("rate limited", reason: "room_rate", detail: "wait"), retryAfter: 5)
        let written = text(response)
        #expect(written.contains("Retry-After: 5\r\n"))
        #expect(written.contains("Content-Type: application/json; charset=utf-8\r\n"))
        #expect(
            written.hasSuffix("{\"error\":\"rate limited\",\"reason\":\"room_rate\",\"detail\":\"wait\"}"))
    }
}
