/// The query of a request, read when asked.
public struct Query: Sendable {
    private let text: Substring

    init(_ text: Substring) { self.text = text }

    /// A posted form, which is written like a query.
    public init(form: String) { text = Substring(form) }

    /// As sent, without the question mark.
    public var isEmpty: Bool { text.isEmpty }

    /// The first value of a name, decoded; nil when it isn't there.
    public subscript(name: String) -> String? {
        var rest = text.utf8
        while !rest.isEmpty {
            let pair = rest.prefix { $0 != UInt8(ascii: "&") }
            if let value = value(of: pair, named: name) { return value }
            rest = rest[pair.endIndex...].dropFirst()
        }
        return nil
    }

    /// Every value of a name, decoded, in order; none is decoded before it is asked for.
    public func values(_ name: String) -> some Sequence<String> {
        text.utf8.split(separator: UInt8(ascii: "&")).lazy.compactMap { value(of: $0, named: name) }
    }

    private func value(of pair: Substring.UTF8View, named name: String) -> String? {
        guard !pair.isEmpty else { return nil }
        let sent = pair.prefix { $0 != UInt8(ascii: "=") }
        guard sent.elementsEqual(name.utf8) || (Self.isEncoded(sent) && decode(Substring(sent)) == name)
        else { return nil }
        return decode(Substring(pair[sent.endIndex...].dropFirst()))
    }

    private static func isEncoded(_ text: Substring.UTF8View) -> Bool {
        text.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "%") }
    }

    /// A number as JavaScript's parseInt reads it: leading space and sign, then digits, the rest ignored;
    /// nil when there are no digits. Values beyond Int64 are cut there.
    public func lenientInteger(_ name: String) -> Int64? {
        self[name].flatMap(Self.leadingInteger)
    }

    /// What JavaScript's parseInt makes of the text; see ``lenientInteger(_:)``.
    public static func leadingInteger(_ text: String) -> Int64? {
        if let number = plainInteger(text) { return number }
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

    /// The number of a text of nothing but digits, 18 at most; nil for any other.
    private static func plainInteger(_ text: String) -> Int64? {
        guard (1...18).contains(text.utf8.count) else { return nil }
        var number: Int64 = 0
        for byte in text.utf8 {
            guard byte &- 0x30 < 10 else { return nil }
            number = number * 10 + Int64(byte &- 0x30)
        }
        return number
    }

    /// What JavaScript takes for white space: Unicode's and the byte order mark, but not U+0085.
    public static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        (scalar.properties.isWhitespace && scalar.value != 0x85) || scalar.value == 0xfeff
    }

    private func decode(_ text: Substring) -> String {
        guard Self.isEncoded(text.utf8) else { return String(text) }
        let spaced = String(text).replacing("+", with: " ")
        return percentDecoded(spaced) ?? spaced
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
