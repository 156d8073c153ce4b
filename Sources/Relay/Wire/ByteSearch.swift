/// Looks for a text in others by their bytes, as JavaScript's `includes` does by units: Swift would compare
/// whole characters and canonical forms. Takes time by the length of what is searched, however hostile both are
/// (Knuth, Morris and Pratt).
struct ByteSearch: Sendable {
    private let pattern: [UInt8]
    /// For each length of a match, the longest shorter one that it ends with.
    private let fallback: [Int]

    init(_ text: String) {
        let pattern = Array(text.utf8)
        var fallback = [Int](repeating: 0, count: pattern.count)
        var length = 0
        for index in pattern.indices.dropFirst() {
            while length > 0, pattern[index] != pattern[length] { length = fallback[length - 1] }
            if pattern[index] == pattern[length] { length += 1 }
            fallback[index] = length
        }
        self.pattern = pattern
        self.fallback = fallback
    }

    /// Whether the text holds the pattern; every text holds an empty one.
    func isIn(_ text: String) -> Bool {
        if pattern.isEmpty { return true }
        var text = text
        return text.withUTF8 { bytes in
            pattern.withUnsafeBufferPointer { pattern in
                fallback.withUnsafeBufferPointer { fallback in
                    var length = 0
                    for byte in bytes {
                        while length > 0, byte != pattern[length] { length = fallback[length - 1] }
                        if byte == pattern[length] { length += 1 }
                        if length == pattern.count { return true }
                    }
                    return false
                }
            }
        }
    }
}
