import Foundation
import NIOPosix
import Testing
@testable import Notify

@Suite("Neither texts nor secrets get out")
struct SecretsTests {
    private static let canaries = [
        "canary-text", "canary-title", "123456:ABC-def_Secret", "hook-Secret", "-1001234567890", "127.0.0.1",
        "canary-body",
    ]

    private func clean(_ words: String) -> Bool {
        !Self.canaries.contains { words.localizedStandardContains($0) }
    }

    @Test("no failure's words hold an address, a token, a text or an answer")
    func failures() async throws {
        let answers: [StandIn.Answer] = [
            .reply(400, headers: ["X-Canary": "canary-body"], body: "canary-body"), .reply(404),
            .reply(429, headers: ["Retry-After": "0"], body: "canary-body"),
            .reply(302, headers: ["Location": "http://127.0.0.1/canary-body"]), .hang, .close,
        ]
        let lines = LogLines()
        let outcomes = Outcomes()
        try await StandIn.run { _, before in
            answers[before % answers.count]
        } _: { server in
            let http = OutgoingHTTP(
                group: MultiThreadedEventLoopGroup.singleton, timeout: .milliseconds(100))
            var pace = DispatchPace()
            pace.pauses = [.milliseconds(1)]
            let telegram = server.base
            let channels: [any OperatorChannel] = try [
                TelegramChannel(
                    base: telegram, token: TelegramRules.token, chat: TelegramRules.chat, over: http),
                TelegramChannel(
                    base: telegram.replacing("http:", with: "https:"), token: TelegramRules.token,
                    chat: TelegramRules.chat, over: http),
                DiscordChannel(webhook: server.base + DiscordRules.path, over: http),
                DiscordChannel(webhook: "http://127.0.0.1:1" + DiscordRules.path, over: http),
            ]
            let dispatch = OperatorDispatch(
                channels: channels, over: http, pace: pace, logger: lines.logger
            ) { kind, outcome, _ in outcomes.note(kind, outcome) }
            let note = OperatorNote(title: "canary-title", fields: [.init("A", "canary-text")])
            for _ in 0..<3 { dispatch.submit(note) }
            let running = Task { await dispatch.run() }
            #expect(try await outcomes.reach(12))
            running.cancel()
            await running.value

            #expect(outcomes.count(.failed) == 12)
            #expect(lines.all.count == 12)
            #expect(lines.all.allSatisfy { clean($0) }, "\(lines.all)")
            let whys = Set(lines.all.compactMap { $0.split(separator: "why=").last })
            #expect(whys.isSuperset(of: ["unreachable", "answered 400"]), "\(whys)")
        }
    }

    @Test("what holds an address doesn't print it")
    func descriptions() async throws {
        let http = OutgoingHTTP(group: MultiThreadedEventLoopGroup.singleton)
        let channels: [any OperatorChannel] = try [
            TelegramChannel(
                base: "https://a.example", token: TelegramRules.token, chat: "1", over: http),
            DiscordChannel(webhook: "https://a.example" + DiscordRules.path, over: http),
        ]
        for channel in channels {
            var dumped = ""
            dump(channel, to: &dumped)
            for words in ["\(channel)", String(reflecting: channel), dumped] {
                #expect(!words.contains("Secret"), "\(words)")
            }
        }
        await http.shutdown()
    }

    @Test("an error of settings doesn't repeat them")
    func settings() {
        let http = OutgoingHTTP(group: MultiThreadedEventLoopGroup.singleton)
        let error = #expect(throws: ChannelSettingsError.self) {
            _ = try TelegramChannel(base: "canary-text", token: TelegramRules.token, chat: "1", over: http)
        }
        #expect(error.map { clean($0.description) } == true)
    }
}
