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
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && !special.contains($0) }) { return text }
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

    private static let special = Array("&<>\"'".utf8)

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
        guard value.isFinite else { return "0" }
        let tenths = Int64((min(max(value, -1e12), 1e12) * 10).rounded())
        let (whole, rest) = (abs(tenths) / 10, abs(tenths) % 10)
        return (tenths < 0 ? "-" : "") + (rest == 0 ? "\(whole)" : "\(whole).\(rest)")
    }
}
