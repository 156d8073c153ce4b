@testable import Notify

/// What people may send to break a message, its labels or the peace of a chat.
enum HostileTexts {
    static let reserved = #"_*[]()~`>#+-=|{}.!\ <>@&:/,;"'$%^?"#

    private static let short: [String] = [
        "plain words", reserved, String(reserved.reversed()),
        "```\nfence\n``` and ``two`` and `one", "``````", "`", "\\", "\\\\\\", "ends with \\", "\\`",
        "`\\`",
        "*bold* _italic_ __under__ ~gone~ ||hidden|| [link](https://evil.example/?a=b)",
        "@everyone @here <@1> <@&2> <#3> <:smile:4> <t:1700000000:R> :smile: https://evil.example/x_y_z",
        "> quote\n>>> long quote\n# heading\n-# small\n- list\n* list\n+ list\n1. one\n1) one",
        "**>hidden quote||", "|| || |", "__ __ _", "***", "* * *",
        "emoji 👨‍👩‍👧‍👦🏳️‍🌈🇩🇪 ✉️ 🐛", "עברית \u{202E}desrever\u{202C} العربية \u{2066}isolated\u{2069}",
        "_\u{301}*\u{301}`\u{301}[\u{301}.\u{FE0F}", "\u{0}\u{1}\u{7F}\r\n\t\u{85}\u{2028}end",
        "*Severity:* low\n*ID:* `00000000`", "1\u{FE0F}\u{20E3} \\\u{301} \\é",
    ]

    private static let long: [String] = [
        String(repeating: "x", count: 10_000), String(repeating: ".", count: 10_000),
        String(repeating: "\\", count: 10_000), String(repeating: "`", count: 10_000),
        String(repeating: "😀", count: 5_000), "e" + String(repeating: "\u{301}", count: 10_000),
        String(repeating: "_*`\\", count: 2_500), String(repeating: "\n", count: 5_000) + "x",
    ]

    /// Every sign of ASCII, each before a letter.
    static let signs: [String] = (UInt8(1)...126).map { String(Unicode.Scalar($0)) + "x" }

    static let all: [String] = short + long

    /// A report whose every field is the text, in lengths that don't fit together.
    static func note(_ text: String) -> OperatorNote {
        OperatorNote(
            lead: "🐛", title: "Bot2Bot.chat bug report",
            fields: [
                .init("What", text, limit: 3_000), .init("Where", text, limit: 2_000),
                .init("Repro", text, limit: 800), .init("Where exactly", text, style: .code, limit: 200),
                .init("Severity", "medium"), .init("Contact", text, limit: 200),
                .init("ID", "0b8bbf94-7a2e-4d5c-9b1f-2f6a3c8d9e10", style: .code),
            ])
    }
}
