import NIOCore
import SignalboxMetrics

/// The head of a plain request: one that can mean only one thing, found in the bytes by a single look at each.
///
/// Almost every request of almost every client is plain, and building a head of strings for it takes longer than
/// answering it. What isn't plain (an upgrade, a chunked body, a folded or doubled line, HTTP/1.0, any byte out of
/// the ordinary) isn't judged here: NIO's decoder reads it, and says what is wrong with it. A head that is taken
/// here is one that the decoder would take for the same.
struct PlainHead: Sendable {
    /// What the bytes are.
    enum Scan {
        case plain(PlainHead)
        /// The beginning of a head that may be plain.
        case incomplete
        /// For the decoder.
        case unusual
    }

    /// A place in the head, counted from its first byte.
    struct Span: Sendable {
        var start: UInt16 = 0
        var end: UInt16 = 0
        var isEmpty: Bool { start == end }
    }

    /// The head, from its first byte to the end of its empty line.
    private(set) var bytes = ByteBuffer()
    private(set) var method = Method.other
    /// Path and query as sent.
    private(set) var target = Span()
    private(set) var path = Span()
    private(set) var contentLength = 0
    private(set) var keepsAlive = true
    private(set) var contentType = Span()
    private(set) var userAgent = Span()
    /// Whether there is a header that a proxy sets about its client.
    private(set) var isForwarded = false
    private(set) var firstField: UInt16 = 0

    /// More is for the decoder, which has bounds of its own.
    static let bytesMax = 8 * 1024
    private static let fieldsMax = 64

    /// - Parameter limit: ceiling of a head in bytes.
    static func scan(_ buffer: ByteBuffer, limit: Int) -> Scan {
        var head = PlainHead()
        let bytesMax = min(limit, Self.bytesMax)
        let length = buffer.withUnsafeReadableBytes {
            head.scan(UnsafeRawBufferPointer(rebasing: $0.prefix(bytesMax)))
        }
        switch length {
        case -1: return .unusual
        case 0: return buffer.readableBytes < bytesMax ? .incomplete : .unusual
        default:
            guard let bytes = buffer.getSlice(at: buffer.readerIndex, length: length) else { return .unusual }
            head.bytes = bytes
            return .plain(head)
        }
    }

    /// The head's length; 0 when more bytes are needed, -1 when it isn't plain.
    private mutating func scan(_ bytes: UnsafeRawBufferPointer) -> Int {
        let count = bytes.count
        guard let first = Self.method(bytes) else { return -1 }
        guard first.length > 0 else { return 0 }
        method = first.method
        var at = first.length
        guard at < count else { return 0 }
        guard bytes[at] == UInt8(ascii: "/") else { return -1 }
        let targetStart = at
        var pathEnd = 0
        while at < count {
            let byte = bytes[at]
            if byte == UInt8(ascii: " ") { break }
            // 0x21...0x7e without a fragment.
            guard byte &- 0x21 < 0x5e, byte != UInt8(ascii: "#") else { return -1 }
            if byte == UInt8(ascii: "?"), pathEnd == 0 { pathEnd = at }
            at += 1
        }
        guard at < count else { return 0 }
        target = Span(start: UInt16(targetStart), end: UInt16(at))
        path = Span(start: UInt16(targetStart), end: UInt16(pathEnd == 0 ? at : pathEnd))
        let version: StaticString = " HTTP/1.1\r\n"
        for offset in 0..<version.utf8CodeUnitCount {
            guard at < count else { return 0 }
            guard bytes[at] == version.utf8Start[offset] else { return -1 }
            at += 1
        }
        firstField = UInt16(at)
        return fields(bytes, &at)
    }

    private mutating func fields(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Int {
        var seen = Seen()
        for _ in 0...Self.fieldsMax {
            guard at < bytes.count else { return 0 }
            if bytes[at] == 0x0d {
                guard at + 1 < bytes.count else { return 0 }
                return bytes[at + 1] == 0x0a ? at + 2 : -1
            }
            let nameStart = at
            while at < bytes.count, Self.isNameByte(bytes[at]) { at += 1 }
            guard at < bytes.count else { return 0 }
            guard bytes[at] == UInt8(ascii: ":"), at > nameStart else { return -1 }
            let nameEnd = at
            at += 1
            while at < bytes.count, bytes[at] == UInt8(ascii: " ") { at += 1 }
            let valueStart = at
            // 0x20...0x7e; the rest is the decoder's to judge.
            while at < bytes.count, bytes[at] &- 0x20 < 0x5f { at += 1 }
            guard at + 1 < bytes.count else { return at < bytes.count && bytes[at] != 0x0d ? -1 : 0 }
            guard bytes[at] == 0x0d, bytes[at + 1] == 0x0a else { return -1 }
            guard at == valueStart || bytes[at - 1] != UInt8(ascii: " ") else { return -1 }
            let name = UnsafeRawBufferPointer(rebasing: bytes[nameStart..<nameEnd])
            let value = UnsafeRawBufferPointer(rebasing: bytes[valueStart..<at])
            let span = Span(start: UInt16(valueStart), end: UInt16(at))
            guard note(name, value, span, &seen) else { return -1 }
            at += 2
        }
        return -1
    }

    /// Fields that may be there once.
    private struct Seen {
        var host = false
        var agent = false
        var type = false
        var length = false
        var connection = false
    }

    /// Looks at the fields that decide something; false for one that makes the request unusual.
    private mutating func note(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ span: Span, _ seen: inout Seen
    ) -> Bool {
        switch name.count {
        case 4:
            guard Self.equal(name, "host") else { return true }
            defer { seen.host = true }
            return !seen.host
        case 6: return !Self.equal(name, "expect")
        case 7: return !Self.equal(name, "upgrade")
        case 10:
            if Self.equal(name, "user-agent") {
                defer { seen.agent = true }
                userAgent = span
                return !seen.agent
            } else if Self.equal(name, "connection") {
                defer { seen.connection = true }
                guard !seen.connection else { return false }
                keepsAlive = Self.equal(value, "keep-alive")
                return keepsAlive || Self.equal(value, "close")
            }
        case 12:
            guard Self.equal(name, "content-type") else { return true }
            defer { seen.type = true }
            contentType = span
            return !seen.type
        case 14:
            guard Self.equal(name, "content-length") else { return true }
            guard !seen.length, (1...15).contains(value.count) else { return false }
            seen.length = true
            for byte in value {
                guard byte &- 0x30 < 10 else { return false }
                contentLength = contentLength * 10 + Int(byte &- 0x30)
            }
        case 15, 17:
            if Self.equal(name, "x-forwarded-for") || Self.equal(name, "x-forwarded-proto") {
                isForwarded = true
            }
            return !Self.equal(name, "transfer-encoding")
        case 16:
            if Self.equal(name, "cf-connecting-ip") || Self.equal(name, "x-forwarded-host") {
                isForwarded = true
            }
            return !Self.equal(name, "content-encoding") && !Self.equal(name, "proxy-connection")
        default: break
        }
        return true
    }

    /// The method and where its target starts (0: cut off so far); nil when it is none that is plain.
    private static func method(_ bytes: UnsafeRawBufferPointer) -> (method: Method, length: Int)? {
        guard let first = bytes.first else { return (.other, 0) }
        let (method, word): (Method, StaticString)
        switch first {
        case UInt8(ascii: "G"): (method, word) = (.get, "GET ")
        case UInt8(ascii: "H"): (method, word) = (.head, "HEAD ")
        case UInt8(ascii: "D"): (method, word) = (.delete, "DELETE ")
        case UInt8(ascii: "O"): (method, word) = (.options, "OPTIONS ")
        case UInt8(ascii: "P"):
            guard bytes.count > 1 else { return (.other, 0) }
            (method, word) = bytes[1] == UInt8(ascii: "O") ? (.post, "POST ") : (.put, "PUT ")
        default: return nil
        }
        let length = word.utf8CodeUnitCount
        for index in 0..<min(length, bytes.count) where bytes[index] != word.utf8Start[index] { return nil }
        return (method, bytes.count < length ? 0 : length)
    }

    /// Letters, digits, `-` and `_`. RFC 9110 §5.6.2 allows more; nobody uses it.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte == 0x2d || byte &- 0x30 < 10 || byte == 0x5f
    }

    /// Whether the bytes are the lower-case word in whatever case.
    static func equal(_ bytes: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
        guard bytes.count == word.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count {
            let byte = bytes[index]
            let lower = byte &- 0x41 < 26 ? byte | 0x20 : byte
            if lower != word.utf8Start[index] { return false }
        }
        return true
    }
}

extension PlainHead {
    /// The same in memory of its own.
    var copied: PlainHead {
        var head = self
        head.bytes = ByteBuffer(bytes: bytes.readableBytesView)
        return head
    }

    /// Calls `body` with the bytes of a place.
    func withBytes<T>(_ span: Span, _ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
        try bytes.withUnsafeReadableBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[Int(span.start)..<Int(span.end)]))
        }
    }

    func text(_ span: Span) -> String { withBytes(span) { String(decoding: $0, as: UTF8.self) } }

    /// The bytes of a place, shared.
    func slice(_ span: Span) -> ByteBuffer {
        guard !span.isEmpty else { return ByteBuffer() }
        return bytes.getSlice(
            at: bytes.readerIndex + Int(span.start), length: Int(span.end - span.start)) ?? ByteBuffer()
    }

    /// The query as sent, without its question mark.
    var query: Span { Span(start: min(path.end + 1, target.end), end: target.end) }

    /// Calls `body` with each field's name and value, in order, until it returns false.
    func forEachField(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool) {
        bytes.withUnsafeReadableBytes { all in
            var at = Int(firstField)
            while all[at] != 0x0d {
                let nameStart = at
                while all[at] != UInt8(ascii: ":") { at += 1 }
                let name = UnsafeRawBufferPointer(rebasing: all[nameStart..<at])
                at += 1
                while all[at] == UInt8(ascii: " ") { at += 1 }
                let valueStart = at
                while all[at] != 0x0d { at += 1 }
                guard body(name, UnsafeRawBufferPointer(rebasing: all[valueStart..<at])) else { return }
                at += 2
            }
        }
    }
}
