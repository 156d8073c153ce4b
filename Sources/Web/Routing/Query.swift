import NIOCore

/// The query of a request, read when asked: a long-poll asks for two numbers of it, as often as it comes.
public struct Query: Sendable {
    /// As sent, without the question mark.
    private let bytes: ByteBuffer

    init(_ bytes: ByteBuffer) { self.bytes = bytes }

    init(_ text: Substring) { bytes = text.isEmpty ? ByteBuffer() : ByteBuffer(substring: text) }

    /// A posted form, which is written like a query.
    public init(form: String) { self.init(Substring(form)) }

    /// Whether there is none.
    public var isEmpty: Bool { bytes.readableBytes == 0 }

    /// The first value of a name, decoded; nil when it isn't there.
    public subscript(name: String) -> String? {
        bytes.withUnsafeReadableBytes { all in Self.first(name, in: all).map(Self.decode) }
    }

    /// Every value of a name, decoded, in order.
    public func values(_ name: String) -> [String] {
        bytes.withUnsafeReadableBytes { all in
            var (name, values, at) = (name, [String](), 0)
            while let value = Self.next(&name, in: all, from: &at) { values.append(Self.decode(value)) }
            return values
        }
    }

    /// A number as JavaScript's parseInt reads it: leading space and sign, then digits, the rest ignored;
    /// nil when there are no digits. Values beyond Int64 are cut there.
    public func lenientInteger(_ name: String) -> Int64? {
        bytes.withUnsafeReadableBytes { all in
            guard let value = Self.first(name, in: all) else { return nil }
            // Digits need no decoding.
            return Self.plainInteger(value) ?? Self.leadingInteger(Self.decode(value))
        }
    }

    private static func first(_ name: String, in all: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var (name, at) = (name, 0)
        return next(&name, in: all, from: &at)
    }

    /// The next value of a name, as sent; nil when there is no other.
    private static func next(
        _ name: inout String, in all: UnsafeRawBufferPointer, from at: inout Int
    ) -> UnsafeRawBufferPointer? {
        while at < all.count {
            let start = at
            var equals: Int?
            while at < all.count, all[at] != UInt8(ascii: "&") {
                if equals == nil, all[at] == UInt8(ascii: "=") { equals = at }
                at += 1
            }
            let end = at
            at += 1
            let sent = UnsafeRawBufferPointer(rebasing: all[start..<(equals ?? end)])
            guard end > start, name.withUTF8({ equal(sent, $0) }) || (isEncoded(sent) && decode(sent) == name)
            else { continue }
            return UnsafeRawBufferPointer(rebasing: all[(equals.map { $0 + 1 } ?? end)..<end])
        }
        return nil
    }

    private static func equal(
        _ one: UnsafeRawBufferPointer, _ other: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard one.count == other.count else { return false }
        for index in 0..<one.count where one[index] != other[index] { return false }
        return true
    }

    private static func isEncoded(_ bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes where byte == UInt8(ascii: "+") || byte == UInt8(ascii: "%") { return true }
        return false
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        guard isEncoded(bytes) else { return text }
        let spaced = text.replacing("+", with: " ")
        return percentDecoded(spaced) ?? spaced
    }

    /// The number of a text of nothing but digits, 18 at most; nil for any other.
    private static func plainInteger(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard (1...18).contains(text.count) else { return nil }
        var number: Int64 = 0
        for byte in text {
            guard byte &- 0x30 < 10 else { return nil }
            number = number * 10 + Int64(byte &- 0x30)
        }
        return number
    }

    /// What JavaScript's parseInt makes of the text; see ``lenientInteger(_:)``.
    public static func leadingInteger(_ text: String) -> Int64? {
        var text = text
        if let number = text.withUTF8({ plainInteger(UnsafeRawBufferPointer($0)) }) { return number }
        // By scalars: a digit with a combining mark would be one character, and no digit.
        var rest = text.unicodeScalars.drop(while: isSpace)
        var negative = false
        if let sign = rest.first, sign == "-" || sign == "+" {
            negative = sign == "-"
            rest = rest.dropFirst()
        }
        let digits = rest.prefix { ("0"..."9").contains($0) }
        guard !digits.isEmpty else { return nil }
        let value = Int64(String(String.UnicodeScalarView(digits))) ?? .max
        return negative ? -value : value
    }

    /// What JavaScript takes for white space: Unicode's and the byte order mark, but not U+0085.
    public static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        (scalar.properties.isWhitespace && scalar.value != 0x85) || scalar.value == 0xfeff
    }
}

/// The text with %XX replaced by the bytes they stand for; nil when one of them is broken.
func percentDecoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var source = text.utf8.makeIterator()
    while let byte = source.next() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = source.next().flatMap(hexDigit), let low = source.next().flatMap(hexDigit)
        else { return nil }
        bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
