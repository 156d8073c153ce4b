/// The query of a request, read when asked.
public struct Query: Sendable {
    private let text: Substring

    init(_ text: Substring) { self.text = text }

    /// A posted form, which is written like a query.
    public init(form: String) { text = Substring(form) }

    /// As sent, without the question mark.
    public var isEmpty: Bool { text.isEmpty }

    /// The first value of a name, decoded; nil when it isn't there.
    public subscript(name: String) -> String? { values(name).first { _ in true } }

    /// Every value of a name, decoded, in order; none is decoded before it is asked for.
    public func values(_ name: String) -> some Sequence<String> {
        text.utf8.split(separator: UInt8(ascii: "&")).lazy.compactMap { pair in
            let mark = pair.firstIndex(of: UInt8(ascii: "="))
            let sent = pair[..<(mark ?? pair.endIndex)]
            guard sent.elementsEqual(name.utf8) || decode(Substring(sent)) == name else { return nil }
            return mark.map { decode(Substring(pair[pair.index(after: $0)...])) } ?? ""
        }
    }

    /// A number as JavaScript's parseInt reads it: leading space and sign, then digits, the rest ignored;
    /// nil when there are no digits. Values beyond Int64 are cut there.
    public func lenientInteger(_ name: String) -> Int64? {
        self[name].flatMap(Self.leadingInteger)
    }

    /// What JavaScript's parseInt makes of the text; see ``lenientInteger(_:)``.
    public static func leadingInteger(_ text: String) -> Int64? {
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

    private func decode(_ text: Substring) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "%") }) else {
            return String(text)
        }
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
