import NIOCore

/// The wire's base64 rules, judged by the characters alone: decoding would cost more and say no more.
enum Base64 {
    /// How many bytes the text stands for when it is canonical base64, standard or URL-safe alphabet or
    /// both, padded, with zero bits at the end; nil otherwise. Empty text is refused.
    static func canonicalLength(_ text: String) -> Int? {
        var text = text
        return text.withUTF8 { canonicalLength(UnsafeRawBufferPointer($0)) }
    }

    /// The same of bytes.
    static func canonicalLength(_ text: ByteBuffer) -> Int? {
        text.withUnsafeReadableBytes { canonicalLength($0) }
    }

    private static func canonicalLength(_ bytes: UnsafeRawBufferPointer) -> Int? {
        values.withUnsafeBufferPointer { values -> Int? in
            let count = bytes.count
            guard count > 0, count % 4 == 0 else { return nil }
            var padding = 0
            if bytes[count - 1] == UInt8(ascii: "=") { padding += 1 }
            if padding == 1, bytes[count - 2] == UInt8(ascii: "=") { padding += 1 }
            let digits = count - padding
            // Without a branch: only what is no digit has the top bit.
            var all: UInt8 = 0
            for byte in bytes[..<digits] { all |= values[Int(byte)] }
            guard all & 0x80 == 0, digits > 0 else { return nil }
            // The last digit's bits beyond the data must be zero, or two texts would mean the same bytes.
            let spare: UInt8 = padding == 2 ? 0x0f : padding == 1 ? 0x03 : 0
            guard values[Int(bytes[digits - 1])] & spare == 0 else { return nil }
            return count / 4 * 3 - padding
        }
    }

    /// The bytes of a canonical text that stands for `count` of them; nil for anything else.
    static func decode(_ text: String, count: Int) -> [UInt8]? {
        guard canonicalLength(text) == count else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 2)
        var group: UInt32 = 0
        var digits = 0
        for byte in text.utf8 where byte != UInt8(ascii: "=") {
            group = group << 6 | UInt32(values[Int(byte)])
            digits += 1
            if digits % 4 == 0 {
                bytes += [UInt8(group >> 16 & 0xff), UInt8(group >> 8 & 0xff), UInt8(group & 0xff)]
                group = 0
            }
        }
        switch digits % 4 {
        case 2: bytes.append(UInt8(group >> 4 & 0xff))
        case 3: bytes += [UInt8(group >> 10 & 0xff), UInt8(group >> 2 & 0xff)]
        default: break
        }
        return bytes
    }

    /// How many bytes a lenient decoder would make of the text: what is no digit counts nothing, and
    /// padding ends it.
    static func lenientLength(_ text: String) -> Int {
        text.utf8.prefix { $0 != UInt8(ascii: "=") }.count { values[Int($0)] != 0xff } * 3 / 4
    }

    /// Whether the text is an X25519 public key as the original reads one: 40 to 64 characters of which 43
    /// are base64 digits.
    static func isBoxPublicKey(_ text: String) -> Bool {
        guard (40...64).contains(text.utf16.count) else { return false }
        let digits = text.utf8.prefix { $0 != UInt8(ascii: "=") }.filter { values[Int($0)] != 0xff }
        return digits.count == 43
    }

    /// The six bits of each digit, 0xff for what is no digit.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xff, count: 256)
        let standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, byte) in standard.utf8.enumerated() { values[Int(byte)] = UInt8(value) }
        values[Int(UInt8(ascii: "-"))] = 62
        values[Int(UInt8(ascii: "_"))] = 63
        return values
    }()
}
