/// Elements, text and coordinates as they may stand in SVG.
enum MarkupText {
    /// An element with its attributes in the order given, their values escaped; `content` is markup.
    static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String>, _ content: String = ""
    ) -> String {
        var result = "<" + name
        for (key, value) in attributes { result += " \(key)=\"\(escaped(value))\"" }
        return result + (content.isEmpty ? "/>" : ">\(content)</\(name)>")
    }

    /// `text` with everything escaped that means something in markup, in elements and in attributes.
    static func escaped(_ text: String) -> String {
        // Most texts and every path need nothing done.
        if text.utf8.allSatisfy(isPlain) { return text }
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // XML 1.0 has no way to write these, not even as references.
            case "\u{0}"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}":
                result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"):
            false
        default: byte >= 0x20 && byte < 0x7F
        }
    }

    /// `text` reduced to what may stand in an id that other attributes refer to.
    static func identifier(_ text: String) -> String {
        let kept = text.unicodeScalars.filter {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "-"
                || $0 == "_"
        }
        return kept.isEmpty ? "chart" : String(String.UnicodeScalarView(kept))
    }

    /// A coordinate with at most one decimal; more would be below what a screen shows.
    static func coordinate(_ value: Double) -> String {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Adds a coordinate, as ``coordinate(_:)`` writes it, to a path.
    static func append(_ coordinate: Double, to bytes: inout [UInt8]) {
        let finite = coordinate.isFinite ? min(max(coordinate, -1e12), 1e12) : 0
        let tenths = Int64((finite * 10).rounded())
        if tenths < 0 { bytes.append(UInt8(ascii: "-")) }
        var (whole, rest) = tenths.magnitude.quotientAndRemainder(dividingBy: 10)
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(whole % 10))
            whole /= 10
        } while whole > 0
        bytes[start...].reverse()
        guard rest > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        bytes.append(UInt8(ascii: "0") + UInt8(rest))
    }
}
