/// A channel can't be made of these settings. Says what a setting looks like, never what it holds.
public enum ChannelSettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    case telegramToken
    case telegramChat
    case telegramAddress
    case discordAddress
    case ntfyAddress
    case ntfyToken
    case webhookAddress

    public var description: String {
        switch self {
        case .telegramToken:
            "TELEGRAM_BOT_TOKEN isn't a token of a bot; BotFather gives one that looks like 123456:ABC-def_1."
        case .telegramChat:
            "TELEGRAM_CHAT_ID isn't a chat; set a number like -1001234567890 or the name of a channel like @name."
        case .telegramAddress:
            "TELEGRAM_API_URL isn't an address; set one like https://api.telegram.org."
        case .ntfyAddress:
            "NTFY_URL isn't the address of a topic; set one like https://ntfy.sh/a-topic-nobody-guesses."
        case .ntfyToken:
            "NTFY_TOKEN isn't an access token; ntfy gives one that looks like tk_abc123."
        case .webhookAddress:
            "ALERT_WEBHOOK_URL isn't an address; set one like https://example.org/hooks/alerts."
        case .discordAddress:
            "DISCORD_WEBHOOK_URL isn't an address; Discord gives one like https://discord.com/api/webhooks/1/a."
        }
    }
}
