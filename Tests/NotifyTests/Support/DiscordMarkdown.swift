/// What Discord shows of a message's content. It refuses nothing, so this notes what isn't escaped instead.
struct DiscordMarkdown {
    private(set) var shown = ""
    private(set) var bold: [String] = []
    private(set) var code: [String] = []
    /// Signs that could begin something and weren't escaped.
    private(set) var live: [Unicode.Scalar] = []

    private static let signs = Set(#"_*~`|<>[]()#-+.:@&/!"#.unicodeScalars)

    init(_ content: String) {
        let input = Array(content.unicodeScalars)
        var result = String.UnicodeScalarView()
        var boldStart: Int?
        var place = 0
        while place < input.count {
            let scalar = input[place]
            if scalar == "\\", place + 1 < input.count, Self.isPunctuation(input[place + 1]) {
                result.append(input[place + 1])
                place += 2
            } else if input[place...].starts(with: ["*", "*"]) {
                if let start = boldStart {
                    bold.append(String(String.UnicodeScalarView(result.dropFirst(start))))
                }
                boldStart = boldStart == nil ? result.count : nil
                place += 2
            } else if scalar == "`", let end = input[(place + 1)...].firstIndex(of: "`"), end > place + 1 {
                let inside = String.UnicodeScalarView(input[(place + 1)..<end])
                code.append(String(inside))
                result.append(contentsOf: inside)
                place = end + 1
            } else {
                if Self.signs.contains(scalar) { live.append(scalar) }
                result.append(scalar)
                place += 1
            }
        }
        if boldStart != nil { live.append("*") }
        shown = String(result)
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && scalar.value > 32 && scalar.value < 127 && !scalar.properties.isAlphabetic
            && !("0"..."9").contains(scalar)
    }
}
