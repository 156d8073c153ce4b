import Foundation

/// Messages of a Telegram bot to one chat, by the Bot API's sendMessage in MarkdownV2.
public struct TelegramChannel: OperatorChannel {
    /// Of a message after its entities are parsed, in UTF-16 units.
    static let longestText = 4_096

    public let kind = ChannelKind.telegram
    private let address: SecretAddress
    private let chat: String
    private let http: OutgoingHTTP

    /// - Parameters:
    ///   - base: the Bot API's address, `https://api.telegram.org` or a server of one's own.
    ///   - token: the bot's, as BotFather gives it.
    ///   - chat: the number of a chat or the name of a channel with its @.
    /// - Throws: ``ChannelSettingsError`` for what can't be part of an address, or a chat that is empty.
    public init(
        base: String, token: String, chat: String, over http: OutgoingHTTP
    ) throws(ChannelSettingsError) {
        guard token.wholeMatch(of: /[A-Za-z0-9:_\-]+/) != nil else { throw .telegramToken }
        guard !chat.isEmpty, !chat.contains(where: \.isWhitespace) else { throw .telegramChat }
        let trimmed = base.hasSuffix("/") ? String(base.dropLast()) : base
        guard !trimmed.contains("?"), !trimmed.contains("#"),
            let address = SecretAddress("\(trimmed)/bot\(token)/sendMessage")
        else { throw .telegramAddress }
        self.address = address
        self.chat = chat
        self.http = http
    }

    public func deliver(_ note: OperatorNote) async throws(DeliveryError) {
        try await http.post(Message(chat: chat, text: Self.text(of: note)), to: address)
    }

    /// The body of sendMessage, see https://core.telegram.org/bots/api#sendmessage.
    private struct Message: Encodable {
        let chat: String
        let text: String
        let mode = "MarkdownV2"
        // An address that a stranger wrote is not fetched.
        let hasNoPreview = true

        enum CodingKeys: String, CodingKey {
            case chat = "chat_id"
            case text
            case mode = "parse_mode"
            case hasNoPreview = "disable_web_page_preview"
        }
    }

    /// The note in MarkdownV2.
    static func text(of note: OperatorNote) -> String {
        rendered(note.fitted(to: longestText) { shownLength($0) })
    }

    private static func rendered(_ note: OperatorNote) -> String {
        var text = Markdown.telegram(note.headline) + "\n"
        for field in note.fields {
            text += "\n*\(Markdown.telegram(field.label)):* "
            switch field.style {
            case .plain: text += Markdown.telegram(field.text)
            case .code: text += "`\(Markdown.telegramCode(field.text))`"
            }
        }
        return text
    }

    /// The length of what is left when Telegram has parsed ``rendered(_:)``: no escapes, no signs of entities.
    private static func shownLength(_ note: OperatorNote) -> Int {
        note.fields.reduce(note.headline.utf16.count + 1) {
            $0 + $1.label.utf16.count + $1.text.utf16.count + 3
        }
    }
}
