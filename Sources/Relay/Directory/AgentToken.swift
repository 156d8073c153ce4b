import Web

/// Words that agents are found by: lower case, digits and `._:+-`; whatever else stands between becomes one
/// hyphen.
enum AgentToken {
    static let unitsMax = 40
    static let tagsMax = 32

    static func normalised(_ text: String, max units: Int = unitsMax) -> String {
        var token = ""
        var gap = false
        for byte in text.javaScriptTrimmed.lowercased().utf8 {
            guard isAllowed(byte) else {
                gap = true
                continue
            }
            if gap { token.append("-") }
            gap = false
            token.unicodeScalars.append(Unicode.Scalar(byte))
        }
        let bare = token.drop { $0 == "-" }
        let end = bare.lastIndex { $0 != "-" }.map { bare.index(after: $0) } ?? bare.startIndex
        return String(bare[..<end].prefix(units))
    }

    /// A list of them, each once; what isn't an array is none.
    static func tags(_ value: JSONValue?) -> [String] {
        guard case .array(let values)? = value else { return [] }
        var tags: [String] = []
        for value in values {
            let token = value.isTruthy ? normalised(value.javaScriptText) : ""
            if token.isEmpty || tags.contains(token) { continue }
            tags.append(token)
            if tags.count >= tagsMax { break }
        }
        return tags
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        RoomID.isAllowed(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
            || byte == UInt8(ascii: "+")
    }
}
