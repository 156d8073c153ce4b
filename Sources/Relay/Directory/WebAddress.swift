import Foundation

/// A home page's address, as far as a directory needs to understand one.
enum WebAddress {
    enum Reading: Equatable {
        /// The address as a browser would write it.
        case page(String)
        /// An address, but none that a page has, or one with a fragment: a fragment may be a room's key.
        case unsuitable
        case invalid
    }

    static func read(_ text: String) -> Reading {
        let trimmed = text.javaScriptTrimmed
        guard let colon = trimmed.firstIndex(of: ":"), colon != trimmed.startIndex,
            trimmed[..<colon].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
            ),
            trimmed.first?.isLetter == true
        else { return .invalid }
        let scheme = trimmed[..<colon].lowercased()
        guard scheme == "http" || scheme == "https" else { return .unsuitable }
        // By bytes: a combining mark behind it would make another character of it.
        if let mark = trimmed.utf8.firstIndex(of: UInt8(ascii: "#")),
            trimmed.utf8.index(after: mark) != trimmed.utf8.endIndex
        {
            return .unsuitable
        }
        guard !trimmed.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\\") }) else {
            return .invalid
        }
        guard var parts = URLComponents(string: trimmed), (parts.port ?? 0) <= 65_535, let host = parts.host,
            !host.isEmpty
        else {
            return .invalid
        }
        parts.scheme = scheme
        parts.host = host.lowercased()
        if parts.port == (scheme == "https" ? 443 : 80) { parts.port = nil }
        if parts.path.isEmpty { parts.path = "/" }
        return parts.string.map { .page($0) } ?? .invalid
    }
}
