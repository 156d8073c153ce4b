/// A channel can't be made of these settings. Says what a setting looks like, never what it holds.
public enum ChannelSettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    case telegramToken
    case telegramChat
    case telegramAddress
    case discordAddress

    public var description: String {
        switch self {
        case .telegramToken:
            "TELEGRAM_BOT_TOKEN isn't a token of a bot; BotFather gives one that looks like 123456:ABC-def_1."
        case .telegramChat:
            "TELEGRAM_CHAT_ID isn't a chat; set a number like -1001234567890 or the name of a channel like @name."
        case .telegramAddress:
            "TELEGRAM_API_URL isn't an address; set one like https://api.telegram.org."
        case .discordAddress:
            "DISCORD_WEBHOOK_URL isn't an address; Discord gives one like https://discord.com/api/webhooks/1/a."
        }
    }
}
