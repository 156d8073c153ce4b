import Testing

/// The checker itself, by what tdlib's own tests expect of the real parser.
@Suite("The stand-in reads MarkdownV2 as Telegram does")
struct MarkdownV2Tests {
    @Test("a reserved sign alone is refused, with a backslash it is taken")
    func singleSigns() throws {
        for scalar in "]()#+-=|{}.!".unicodeScalars {
            #expect(
                throws: MarkdownV2.Refusal(
                    words: "Character '\(scalar)' is reserved and must be escaped with the preceding '\\'")
            ) {
                _ = try MarkdownV2("a\(scalar)")
            }
        }
        for value in UInt8(1)...126 {
            let scalar = Unicode.Scalar(value)
            #expect(try MarkdownV2("\\\(scalar)").shown == String(scalar))
        }
    }

    @Test(
        "an entity without an end is refused",
        arguments: [
            ("🏟 🏟_abacaba", "Italic"), ("🏟 🏟_abac * asd ", "Bold"), ("🏟 🏟_abac * asd _", "Italic"),
            ("🏟 🏟`", "Code"), ("🏟 🏟```", "Pre"), ("🏟 🏟__🏟 🏟_", "Italic"), ("🏟 🏟_🏟 🏟__", "Underline"),
            ("~a", "Strikethrough"), ("||a", "Spoiler"), ("[a", "TextUrl"), ("`a\\`", "Code"),
        ])
    func unbalanced(text: String, kind: String) {
        #expect(throws: MarkdownV2.Refusal(words: "Can't find end of \(kind) entity")) {
            _ = try MarkdownV2(text)
        }
    }

    @Test("entities are found and their signs gone")
    func entities() throws {
        let message = try MarkdownV2("*a _b_*\n>q\n`c\\``[l](http://x) \\_ ||s|| ~t~ ```p```")
        #expect(message.shown == "a b\nq\nc`l _ s t p")
        #expect(
            message.entities.map(\.kind)
                == [.italic, .bold, .quote, .code, .link, .spoiler, .strikethrough, .pre])
    }
}
