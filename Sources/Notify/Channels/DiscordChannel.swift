/// Messages to a Discord channel by a webhook.
public struct DiscordChannel: OperatorChannel {
    /// Of a message as it is sent, escapes included. Discord says characters; UTF-16 units are never fewer.
    static let longestContent = 2_000

    public let kind = ChannelKind.discord
    private let address: SecretAddress
    private let http: OutgoingHTTP

    /// - Parameter webhook: the whole address, which is a secret: who has it can post.
    /// - Throws: ``ChannelSettingsError`` when it is no address of http or https.
    public init(webhook: String, over http: OutgoingHTTP) throws(ChannelSettingsError) {
        guard let address = SecretAddress(webhook) else { throw .discordAddress }
        self.address = address
        self.http = http
    }

    public func deliver(_ note: OperatorNote) async throws(DeliveryError) {
        try await http.post(Message(content: Self.content(of: note)), to: address)
    }

    /// The body of a webhook's execution, see https://discord.com/developers/docs/resources/webhook.
    private struct Message: Encodable {
        struct Mentions: Encodable {
            // Nobody is pinged, whatever a text says: an empty list switches every kind of mention off.
            let parse: [String] = []
        }

        let content: String
        let mentions = Mentions()
        // SUPPRESS_EMBEDS: no preview of an address that a stranger wrote.
        let flags = 4

        enum CodingKeys: String, CodingKey {
            case content
            case mentions = "allowed_mentions"
            case flags
        }
    }

    /// The note in Discord's Markdown.
    static func content(of note: OperatorNote) -> String {
        rendered(note.fitted(to: longestContent) { rendered($0).utf16.count })
    }

    private static func rendered(_ note: OperatorNote) -> String {
        var text = "**\(Markdown.discord(note.headline))**"
        for field in note.fields {
            text += "\n**\(Markdown.discord(field.label)):** "
            switch field.style {
            case .plain: text += Markdown.discord(field.text)
            case .code: text += "`\(Markdown.discordCode(field.text))`"
            }
        }
        return text
    }
}
