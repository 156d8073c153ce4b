import NIOPosix
import Testing
@testable import Notify

@Suite("Telegram")
struct TelegramChannelTests {
    private let http = OutgoingHTTP(group: MultiThreadedEventLoopGroup.singleton)

    private func channel(_ base: String) throws -> TelegramChannel {
        try TelegramChannel(base: base, token: TelegramRules.token, chat: TelegramRules.chat, over: http)
    }

    @Test("a report arrives as it is meant to be shown")
    func report() async throws {
        try await StandIn.run { request, _ in
            TelegramRules.answer(request)
        } _: { server in
            let note = OperatorNote(
                lead: "🐛", title: "Bot2Bot.chat bug report",
                fields: [
                    .init("What", "It *crashes*.\nAlways!"), .init("Where", ""),
                    .init("IP hash", "0a`1\\2", style: .code),
                ])
            // A base address with a slash at its end is the same.
            for base in [server.base, server.base + "/"] { try await channel(base).deliver(note) }
            #expect(server.requests.count == 2)
            let message = try TelegramRules.message(in: server.requests[0].body)
            #expect(
                message.shown == """
                    🐛 Bot2Bot.chat bug report

                    What: It *crashes*.
                    Always!
                    IP hash: 0a`1\\2
                    """)
            #expect(
                message.entities == [
                    .init(kind: .bold, text: "What:"), .init(kind: .bold, text: "IP hash:"),
                    .init(kind: .code, text: "0a`1\\2"),
                ])
        }
        await http.shutdown()
    }

    @Test("whatever people send, Telegram takes it, whole or cut, and the labels are ours alone")
    func hostile() async throws {
        try await StandIn.run { request, _ in
            TelegramRules.answer(request)
        } _: { server in
            let telegram = try channel(server.base)
            for text in HostileTexts.all {
                let note = HostileTexts.note(text)
                await #expect(throws: Never.self) { try await telegram.deliver(note) }
                let message = try TelegramRules.message(in: #require(server.requests.last).body)
                #expect(message.entities.count { $0.kind == .bold } == note.fields.count)
                #expect(
                    message.entities.count { $0.kind == .code }
                        == note.fields.count { $0.style == .code })
                #expect(
                    message.entities.count == message.entities.count { $0.kind == .bold || $0.kind == .code })
                #expect(message.entities.last?.text == "0b8bbf94-7a2e-4d5c-9b1f-2f6a3c8d9e10")
                if text.utf16.count < 100 {
                    let plain = text.readable(inOneLine: false)
                    #expect(message.shown.contains("\nWhat: " + plain), "\(text.debugDescription)")
                }
            }
        }
        await http.shutdown()
    }

    @Test("a text of many signs is cut where it has to be and not much earlier")
    func fullLength() throws {
        let dots = String(repeating: ".", count: 9_000)
        let note = OperatorNote(title: "T", fields: [.init("A", dots, limit: 4_096), .init("B", "b")])
        let message = try MarkdownV2(TelegramChannel.text(of: note))
        #expect(message.shown.utf16.count == 4_096)
        #expect(message.shown.hasSuffix("…\nB: b"))
    }

    @Test("what Telegram refuses is told by its status alone")
    func refusals() async throws {
        try await StandIn.run { request, _ in
            TelegramRules.answer(request)
        } _: { server in
            let stranger = try TelegramChannel(
                base: server.base, token: "1:other", chat: TelegramRules.chat, over: http)
            let note = OperatorNote(title: "T", fields: [])
            await #expect(throws: DeliveryError.refused(status: 401)) { try await stranger.deliver(note) }
            let lost = try TelegramChannel(
                base: server.base, token: TelegramRules.token, chat: "42", over: http)
            await #expect(throws: DeliveryError.refused(status: 400)) { try await lost.deliver(note) }
        }
        await http.shutdown()
    }

    @Test(
        "settings that can't be are refused",
        arguments: [
            ("https://a.example", "", "1", ChannelSettingsError.telegramToken),
            ("https://a.example", "1:a/b", "1", .telegramToken),
            ("https://a.example", "1:a b", "1", .telegramToken),
            ("https://a.example", "1:a\n", "1", .telegramToken),
            ("https://a.example", "1:a", "", .telegramChat),
            ("https://a.example", "1:a", "1 2", .telegramChat),
            ("", "1:a", "1", .telegramAddress), ("a.example", "1:a", "1", .telegramAddress),
            ("ftp://a.example", "1:a", "1", .telegramAddress), ("https://", "1:a", "1", .telegramAddress),
            ("https://a.example/?x=", "1:a", "1", .telegramAddress),
            ("https://a.example/ x", "1:a", "1", .telegramAddress),
        ])
    func settings(base: String, token: String, chat: String, expected: ChannelSettingsError) {
        #expect(throws: expected) {
            _ = try TelegramChannel(base: base, token: token, chat: chat, over: http)
        }
    }
}
