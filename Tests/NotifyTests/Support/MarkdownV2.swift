/// What Telegram makes of a text in MarkdownV2, by the rules of the Bot API's own parser (tdlib's
/// parse_markdown_v2): what it refuses, this refuses.
struct MarkdownV2 {
    enum Kind: String {
        case bold = "Bold"
        case italic = "Italic"
        case underline = "Underline"
        case strikethrough = "Strikethrough"
        case spoiler = "Spoiler"
        case link = "TextUrl"
        case quote = "BlockQuote"
        case code = "Code"
        case pre = "Pre"

        /// What ends it.
        var end: [Unicode.Scalar] {
            switch self {
            case .bold: ["*"]
            case .italic: ["_"]
            case .underline: ["_", "_"]
            case .strikethrough: ["~"]
            case .spoiler: ["|", "|"]
            case .link: ["]"]
            case .quote: ["\n"]
            case .code: ["`"]
            case .pre: ["`", "`", "`"]
            }
        }

        var isCode: Bool { self == .code || self == .pre }
    }

    struct Entity: Equatable {
        let kind: Kind
        let text: String
    }

    struct Refusal: Error, Equatable {
        let words: String
    }

    private(set) var text = String.UnicodeScalarView()
    private(set) var entities: [Entity] = []
    private var open: [(kind: Kind, start: Int)] = []
    private var input: [Unicode.Scalar]
    private var place = 0

    private static let reserved = Set("_*[]()~`>#+-=|{}.!".unicodeScalars)

    /// The text as it is shown.
    var shown: String { String(text) }

    init(_ source: String) throws(Refusal) {
        input = Array(source.unicodeScalars)
        while place < input.count { try step() }
        if open.last?.kind == .quote { close(advance: 0) }
        if let last = open.last {
            throw Refusal(words: "Can't find end of \(last.kind.rawValue) entity")
        }
    }

    private func starts(with sign: [Unicode.Scalar]) -> Bool { input[place...].starts(with: sign) }

    private mutating func step() throws(Refusal) {
        let scalar = input[place]
        if scalar == "\\", place + 1 < input.count, (1...126).contains(input[place + 1].value) {
            text.append(input[place + 1])
            place += 2
            return
        }
        if let kind = open.last?.kind, kind.isCode {
            if starts(with: kind.end) { close(advance: kind.end.count) } else { take(scalar) }
            return
        }
        if open.last?.kind == .quote, scalar == "\n" {
            close(advance: 0)
            take(scalar)
            return
        }
        guard Self.reserved.contains(scalar) else {
            take(scalar)
            return
        }
        if let kind = open.last?.kind, kind != .quote, starts(with: kind.end),
            !(kind == .italic && starts(with: ["_", "_"]))
        {
            close(advance: kind.end.count)
            if kind == .link { try target() }
            return
        }
        try begin(scalar)
    }

    private mutating func take(_ scalar: Unicode.Scalar) {
        text.append(scalar)
        place += 1
    }

    private mutating func begin(_ scalar: Unicode.Scalar) throws(Refusal) {
        let kind: Kind
        switch scalar {
        case "*": kind = .bold
        case "_": kind = starts(with: ["_", "_"]) ? .underline : .italic
        case "~": kind = .strikethrough
        case "|" where starts(with: ["|", "|"]): kind = .spoiler
        case "[": kind = .link
        case "`": kind = starts(with: ["`", "`", "`"]) ? .pre : .code
        case ">" where text.isEmpty || text.last == "\n": kind = .quote
        default:
            throw Refusal(
                words: "Character '\(scalar)' is reserved and must be escaped with the preceding '\\'")
        }
        open.append((kind, text.count))
        place += kind == .link || kind == .quote ? 1 : kind.end.count
    }

    private mutating func close(advance: Int) {
        let last = open.removeLast()
        place += advance
        entities.append(
            Entity(kind: last.kind, text: String(String.UnicodeScalarView(text.dropFirst(last.start)))))
    }

    /// The address after a link's text, which isn't shown.
    private mutating func target() throws(Refusal) {
        guard place < input.count, input[place] == "(" else { return }
        while place < input.count, input[place] != ")" { place += input[place] == "\\" ? 2 : 1 }
        guard place < input.count else { throw Refusal(words: "Can't find end of a URL") }
        place += 1
    }
}
