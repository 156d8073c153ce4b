/// Escaping for the two dialects of Markdown: what goes in is shown as it is and can't start or end a style.
///
/// All of it goes by scalars: a reserved sign with a combining mark is one `Character`, but still reserved.
enum Markdown {
    private static let telegramReserved = Set(#"_*[]()~`>#+-=|{}.!\"#.unicodeScalars)
    private static let telegramCodeReserved = Set(#"`\"#.unicodeScalars)
    private static let discordReserved = Set(#"_*[]()~`><#+-|.!:@&/\"#.unicodeScalars)

    /// For Telegram's MarkdownV2 outside of entities, see https://core.telegram.org/bots/api#markdownv2-style.
    static func telegram(_ text: String) -> String { escaped(text, telegramReserved) }

    /// For the inside of a code entity of Telegram's MarkdownV2, where other escapes would be shown.
    static func telegramCode(_ text: String) -> String { escaped(text, telegramCodeReserved) }

    /// For Discord. A backslash takes the meaning of any ASCII punctuation; those escaped here can start a style,
    /// a list, a heading, a quote, a mention, a link, an emoji or a time, or make an address a link.
    static func discord(_ text: String) -> String { escaped(text, discordReserved) }

    /// For the inside of Discord's single backticks: no escape works there, so "ˋ" stands in for "`".
    static func discordCode(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "`" ? "ˋ" : $0 }))
    }

    private static func escaped(_ text: String, _ reserved: Set<Unicode.Scalar>) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if reserved.contains(scalar) { result.append("\\") }
            result.append(scalar)
        }
        return String(result)
    }
}
