import NIOPosix
import Testing
@testable import Notify

@Suite("Discord")
struct DiscordChannelTests {
    private let http = OutgoingHTTP(group: MultiThreadedEventLoopGroup.singleton)

    @Test("a report arrives as it is meant to be shown")
    func report() async throws {
        try await StandIn.run { request, _ in
            DiscordRules.answer(request)
        } _: { server in
            let discord = try DiscordChannel(webhook: server.base + DiscordRules.path, over: http)
            try await discord.deliver(
                OperatorNote(
                    lead: "🐛", title: "Bot2Bot.chat bug report",
                    fields: [.init("What", "@everyone *look*"), .init("ID", "a`b", style: .code)]))
            let content = try #require(DiscordRules.message(in: server.requests[0].body))
            #expect(
                content == #"""
                    **🐛 Bot2Bot\.chat bug report**
                    **What:** \@everyone \*look\*
                    **ID:** `aˋb`
                    """#)
        }
        await http.shutdown()
    }

    @Test("whatever people send, Discord takes it, and nothing in it is alive")
    func hostile() async throws {
        try await StandIn.run { request, _ in
            DiscordRules.answer(request)
        } _: { server in
            let discord = try DiscordChannel(webhook: server.base + DiscordRules.path, over: http)
            for text in HostileTexts.all {
                let note = HostileTexts.note(text)
                await #expect(throws: Never.self) { try await discord.deliver(note) }
                let request = try #require(server.requests.last)
                let content = try #require(DiscordRules.message(in: request.body))
                let message = DiscordMarkdown(content)
                // The one of each of our labels.
                let colons = note.fields.map { _ in Unicode.Scalar(":") }
                #expect(message.live == colons, "\(text.debugDescription)")
                #expect(message.bold.count == note.fields.count + 1)
                #expect(message.code.count == note.fields.count { $0.style == .code })
                #expect(message.code.last == "0b8bbf94-7a2e-4d5c-9b1f-2f6a3c8d9e10")
                if text.utf16.count < 100 {
                    let plain = text.readable(inOneLine: false)
                    #expect(message.shown.contains("\nWhat: " + plain), "\(text.debugDescription)")
                }
            }
        }
        await http.shutdown()
    }

    @Test("a message is as long as Discord allows, escapes counted, and ends between two of them")
    func fullLength() {
        let note = OperatorNote(
            title: "T",
            fields: [
                .init("A", String(repeating: ".", count: 9_000), limit: 4_096), .init("B", "b"),
            ])
        let content = DiscordChannel.content(of: note)
        #expect((1_999...2_000).contains(content.utf16.count))
        #expect(content.hasSuffix(#"\.…"# + "\n**B:** b"))
    }

    @Test(
        "what isn't an address is refused",
        arguments: ["", "discord.com/api", "https://", "file:///x", "https://a b"])
    func settings(webhook: String) {
        #expect(throws: ChannelSettingsError.discordAddress) {
            _ = try DiscordChannel(webhook: webhook, over: http)
        }
    }
}
