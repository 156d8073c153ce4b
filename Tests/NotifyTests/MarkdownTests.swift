import Testing
@testable import Notify

@Suite("Escaping for chats")
struct MarkdownTests {
    @Test("Telegram: every reserved sign gets a backslash, nothing else does")
    func telegram() {
        #expect(
            Markdown.telegram(#"_*[]()~`>#+-=|{}.!\"#)
                == ##"\_\*\[\]\(\)\~\`\>\#\+\-\=\|\{\}\.\!\\"##)
        #expect(Markdown.telegram("a@b:c/d<e 1 é 😀\n") == "a@b:c/d<e 1 é 😀\n")
    }

    @Test("Telegram's code: the backtick and the backslash only")
    func telegramCode() {
        #expect(Markdown.telegramCode(#"a`b\c_d.e"#) == #"a\`b\\c_d.e"#)
    }

    @Test("Discord: what could begin anything gets a backslash")
    func discord() {
        #expect(
            Markdown.discord("**x** <@1> https://a.b/c_d")
                == #"\*\*x\*\* \<\@1\> https\:\/\/a\.b\/c\_d"#)
        #expect(Markdown.discord("a,b;c=d?e%f$g^h") == "a,b;c=d?e%f$g^h")
    }

    @Test("Discord's code: no backtick is left")
    func discordCode() {
        #expect(Markdown.discordCode("a`b```c\\") == "aˋbˋˋˋc\\")
    }

    @Test("a sign with a combining mark is still reserved")
    func combining() {
        #expect(Markdown.telegram("_\u{301}") == "\\_\u{301}")
        #expect(Markdown.telegramCode("`\u{301}") == "\\`\u{301}")
        #expect(Markdown.discord("@\u{301}") == "\\@\u{301}")
        #expect(Markdown.discordCode("`\u{301}") == "ˋ\u{301}")
    }

    @Test(
        "each dialect's reader gets back what was escaped", arguments: HostileTexts.all + HostileTexts.signs)
    func roundTrip(text: String) throws {
        let plain = try MarkdownV2(Markdown.telegram(text))
        #expect(plain.shown.unicodeScalars.elementsEqual(text.unicodeScalars))
        #expect(plain.entities.isEmpty)
        let code = try MarkdownV2("`" + Markdown.telegramCode(text) + "`")
        #expect(code.shown.unicodeScalars.elementsEqual(text.unicodeScalars))
        #expect(code.entities.count == 1)
        let discord = DiscordMarkdown(Markdown.discord(text))
        #expect(discord.shown.unicodeScalars.elementsEqual(text.unicodeScalars))
        #expect(discord.live.isEmpty && discord.bold.isEmpty && discord.code.isEmpty)
    }
}
