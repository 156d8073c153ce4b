import NIOCore
import Testing
@testable import Web

@Suite("Frames of streams")
struct FramingTests {
    @Test(
        "an event is a chunk of exactly its length, or bare",
        arguments: ["{}", String(repeating: "x", count: 5_000)])
    func event(json: String) {
        let bare = "data: \(json)\n\n"
        #expect(String(buffer: EventFraming.data(ByteBuffer(string: json), chunked: false)) == bare)
        let chunked = String(buffer: EventFraming.data(ByteBuffer(string: json), chunked: true))
        #expect(chunked == String(bare.utf8.count, radix: 16) + "\r\n" + bare + "\r\n")
    }

    @Test("a text's chunk counts bytes, not characters")
    func text() {
        #expect(String(buffer: EventFraming.text(": é\n\n", chunked: true)) == "6\r\n: é\n\n\r\n")
    }

    @Test("the end of a chunked stream is the empty chunk, of a bare one nothing")
    func end() {
        #expect(String(buffer: EventFraming.end(chunked: true)) == "0\r\n\r\n")
        #expect(EventFraming.end(chunked: false).readableBytes == 0)
    }

    @Test(
        "a text frame's length is written in as few bytes as hold it",
        arguments: [
            (0, [0x81, 0]), (125, [0x81, 125]), (126, [0x81, 126, 0, 126]), (65_535, [0x81, 126, 255, 255]),
            (65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] as [(Int, [UInt8])])
    func textFrame(length: Int, head: [UInt8]) {
        let frame = WebSocketFraming.text(ByteBuffer(repeating: 0x61, count: length))
        #expect(Array(frame.readableBytesView.prefix(head.count)) == head)
        #expect(frame.readableBytes == head.count + length)
    }

    @Test("a close frame carries its code")
    func close() {
        #expect(Array(WebSocketFraming.close(1001).readableBytesView) == [0x88, 2, 0x03, 0xe9])
    }
}
