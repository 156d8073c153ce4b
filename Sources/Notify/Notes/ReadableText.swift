extension String {
    /// The text without what a chat would refuse or misread: control characters become spaces, every kind of
    /// line break "\n" (a space in one line), and marks that turn the reading direction are taken out.
    func readable(inOneLine: Bool) -> String {
        var result = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in unicodeScalars {
            defer { previous = scalar }
            switch scalar {
            case "\n" where previous == "\r": break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": result.append(inOneLine ? " " : "\n")
            // Embeddings, overrides and isolates: they would let a text rearrange the labels around it.
            case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": break
            case "\0"..."\u{1F}", "\u{7F}"..."\u{9F}": result.append(" ")
            default: result.append(scalar)
            }
        }
        // A text of spaces alone is none: some chats show nothing for it, others refuse it.
        return result.allSatisfy { $0.properties.isWhitespace } ? "" : String(result)
    }

    /// The text, or its beginning with "…", in at most so many UTF-16 units, of which there is at least one.
    ///
    /// By scalars and not by characters: one character can be thousands of combining marks.
    func cut(toUnits limit: Int) -> String {
        guard utf16.count > limit else { return self }
        // Room for the ellipsis; between the two halves of a sign, the cut is before it.
        let end = utf16.index(startIndex, offsetBy: limit - 1)
        let whole = end.samePosition(in: unicodeScalars) ?? utf16.index(before: end)
        return String(unicodeScalars[..<whole]) + "…"
    }
}
