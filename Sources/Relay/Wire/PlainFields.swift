import NIOCore

/// The texts of a posted body of a message's most common shape, found by a single look at each byte.
struct PlainFields {
    private(set) var ciphertext: ByteBuffer?
    private(set) var nonce: ByteBuffer?
    private(set) var sender: ByteBuffer?

    /// nil when the body isn't an object of these three, each once at most and without an escape.
    init?(_ body: ByteBuffer) {
        var spans = Spans()
        guard body.withUnsafeReadableBytes({ spans.read($0) }) else { return nil }
        func slice(_ span: Range<Int>?) -> ByteBuffer? {
            span.flatMap { body.getSlice(at: body.readerIndex + $0.lowerBound, length: $0.count) }
        }
        ciphertext = slice(spans.ciphertext)
        nonce = slice(spans.nonce)
        sender = slice(spans.sender)
    }

    private struct Spans {
        var ciphertext: Range<Int>?
        var nonce: Range<Int>?
        var sender: Range<Int>?

        mutating func read(_ bytes: UnsafeRawBufferPointer) -> Bool {
            var at = 0
            guard Self.take(UInt8(ascii: "{"), bytes, &at) else { return false }
            while true {
                guard let name = Self.text(bytes, &at), Self.take(UInt8(ascii: ":"), bytes, &at),
                    let value = Self.text(bytes, &at)
                else { return false }
                switch name.count {
                case 5: guard Self.set(&nonce, to: value, name, "nonce", bytes) else { return false }
                case 6: guard Self.set(&sender, to: value, name, "sender", bytes) else { return false }
                case 10:
                    guard Self.set(&ciphertext, to: value, name, "ciphertext", bytes) else { return false }
                default: return false
                }
                if Self.take(UInt8(ascii: "}"), bytes, &at) { break }
                guard Self.take(UInt8(ascii: ","), bytes, &at) else { return false }
            }
            Self.skipSpace(bytes, &at)
            return at == bytes.count
        }

        private static func set(
            _ field: inout Range<Int>?, to value: Range<Int>, _ name: Range<Int>, _ expected: StaticString,
            _ bytes: UnsafeRawBufferPointer
        ) -> Bool {
            guard field == nil else { return false }
            for index in 0..<name.count where bytes[name.lowerBound + index] != expected.utf8Start[index] {
                return false
            }
            field = value
            return true
        }

        private static func skipSpace(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) {
            while at < bytes.count {
                switch bytes[at] {
                case 0x20, 0x0a, 0x0d, 0x09: at += 1
                default: return
                }
            }
        }

        /// Goes on by eight bytes at a time while each of them stands for itself.
        private static func skipPlain(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) {
            let ones: UInt64 = 0x0101_0101_0101_0101
            let tops = ones << 7
            // The top bit of some byte is set when one of the word's bytes is zero.
            func zero(_ word: UInt64) -> UInt64 { (word &- ones) & ~word }
            while at + 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                let below = (word &- ones &* 0x20) & ~word
                let odd =
                    word | below | zero(word ^ ones &* 0x22) | zero(word ^ ones &* 0x5c)
                    | zero(word ^ ones &* 0x7f)
                guard odd & tops == 0 else { return }
                at += 8
            }
        }

        private static func take(_ byte: UInt8, _ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Bool {
            skipSpace(bytes, &at)
            guard at < bytes.count, bytes[at] == byte else { return false }
            at += 1
            return true
        }

        /// A text of ASCII without escapes; what lies between its quotation marks.
        private static func text(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Range<Int>? {
            guard take(UInt8(ascii: "\""), bytes, &at) else { return nil }
            let start = at
            skipPlain(bytes, &at)
            while at < bytes.count {
                let byte = bytes[at]
                if byte == UInt8(ascii: "\"") {
                    at += 1
                    return start..<(at - 1)
                }
                guard byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "\\") else { return nil }
                at += 1
            }
            return nil
        }
    }
}
