import Logging
import NIOCore
import Notify
import Relay
import ServiceLifecycle
import SignalboxMetrics

/// Where messages to the operator go, as the settings have it.
struct OperatorChannels: Service {
    /// nil when no channel is set.
    let dispatch: OperatorDispatch?

    /// - Throws: ``SettingsError`` for a channel whose settings can't be used.
    init(_ settings: ServerSettings, group: any EventLoopGroup, meter: Meter, logger: Logger) throws {
        let wanted = ["TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "DISCORD_WEBHOOK_URL"].filter {
            settings[$0] != nil
        }
        guard !wanted.isEmpty else {
            dispatch = nil
            return
        }
        let http = OutgoingHTTP(group: group)
        var channels: [any OperatorChannel] = []
        do {
            if let token = settings["TELEGRAM_BOT_TOKEN"], let chat = settings["TELEGRAM_CHAT_ID"] {
                let base = settings["TELEGRAM_API_URL"] ?? "https://api.telegram.org"
                channels.append(try TelegramChannel(base: base, token: token, chat: chat, over: http))
            } else if wanted.contains(where: { $0.hasPrefix("TELEGRAM") }) {
                throw SettingsError(
                    description:
                        "Telegram needs both TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID; set the other too.")
            }
            if let webhook = settings["DISCORD_WEBHOOK_URL"] {
                channels.append(try DiscordChannel(webhook: webhook, over: http))
            }
        } catch let error as ChannelSettingsError {
            throw SettingsError(description: "\(error)")
        }
        // What a stop finds waiting is in the report log; the process is to be gone within a second.
        var pace = DispatchPace()
        pace.drain = .milliseconds(500)
        dispatch = OperatorDispatch(
            channels: channels, over: http, pace: pace, logger: logger, onOutcome: { meter.count($1, on: $0) }
        )
    }

    func run() async throws {
        guard let dispatch else { return try await gracefulShutdown() }
        await cancelWhenGracefulShutdown { await dispatch.run() }
    }
}
