import Web

/// How the original's JavaScript turns a JSON value into text or a number. Clients were written against it.
extension JSONValue {
    /// `String(value)`; of a missing member that would be "undefined", so it is asked only after a look.
    var javaScriptText: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let value): JavaScriptNumber.text(value)
        case .string(let text): text
        // Null within an array joins as nothing.
        case .array(let values):
            values.map { $0 == .null ? "" : $0.javaScriptText }.joined(separator: ",")
        case .object: "[object Object]"
        }
    }

    /// `parseInt(String(value), 10)`.
    var javaScriptInteger: Int64? { Query.leadingInteger(javaScriptText) }

    /// `Number(value)`; nil for what isn't finite.
    var javaScriptNumber: Double? {
        switch self {
        case .null: return 0
        case .bool(let value): return value ? 1 : 0
        case .number(let value): return value.isFinite ? value : nil
        case .string(let text):
            let trimmed = text.javaScriptTrimmed
            if trimmed.isEmpty { return 0 }
            for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8)]
            where trimmed.lowercased().hasPrefix(prefix) {
                return UInt64(trimmed.dropFirst(2), radix: radix).map { Double($0) }
            }
            // Swift reads hexadecimal fractions and "nan"; of those JavaScript takes none.
            guard trimmed.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }) else { return nil }
            return Double(trimmed).flatMap { $0.isFinite ? $0 : nil }
        case .array: return JSONValue.string(javaScriptText).javaScriptNumber
        case .object: return nil
        }
    }
}

extension String {
    /// `trim()`: white space and line ends of Unicode and the byte order mark, but not U+0085.
    var javaScriptTrimmed: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !Query.isSpace($0) }),
            let last = scalars.lastIndex(where: { !Query.isSpace($0) })
        else { return "" }
        return String(scalars[first...last])
    }

    /// `slice(0, units)`: cut by UTF-16 units, but never within a character's pair.
    func prefixUTF16(_ units: Int) -> String {
        guard utf16.count > units else { return self }
        var kept = String.UnicodeScalarView()
        var count = 0
        for scalar in unicodeScalars {
            count += scalar.utf16.count
            if count > units { break }
            kept.append(scalar)
        }
        return String(kept)
    }
}
