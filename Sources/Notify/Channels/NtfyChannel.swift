import Foundation

/// Messages to a topic of ntfy, at ntfy.sh or a server of one's own.
public struct NtfyChannel: OperatorChannel {
    /// Of a message, in bytes; longer ones become an attachment.
    static let longestMessage = 4_096

    public let kind = ChannelKind.ntfy
    private let address: SecretAddress
    private let topic: String
    private let token: String?
    private let http: OutgoingHTTP

    /// - Parameters:
    ///   - address: the topic's, which is a secret: who knows it can read and post.
    ///   - token: an access token, where the topic wants one.
    /// - Throws: ``ChannelSettingsError`` for what is no topic's address, or no token.
    public init(
        address: String, token: String?, over http: OutgoingHTTP
    ) throws(ChannelSettingsError) {
        // JSON goes to the server's root and names the topic in the body.
        let trimmed = address.hasSuffix("/") ? String(address.dropLast()) : address
        guard let slash = trimmed.lastIndex(of: "/"), SecretAddress(trimmed) != nil else {
            throw .ntfyAddress
        }
        let topic = trimmed[trimmed.index(after: slash)...]
        guard topic.wholeMatch(of: /[-_A-Za-z0-9]{1,64}/) != nil,
            let root = SecretAddress(String(trimmed[...slash]))
        else { throw .ntfyAddress }
        guard token?.wholeMatch(of: /[!-~]+/) != nil || token == nil else { throw .ntfyToken }
        self.address = root
        self.topic = String(topic)
        self.token = token
        self.http = http
    }

    public func deliver(_ note: OperatorNote) async throws(DeliveryError) {
        try await http.post(Message(topic: topic, note), to: address, bearer: token)
    }

    /// The body of a publication, see https://docs.ntfy.sh/publish/#publish-as-json.
    private struct Message: Encodable {
        let topic: String
        let title: String
        let message: String
        /// 1 to 5; 5 rings through what a phone is told to keep quiet.
        let priority: Int
        let click: String?

        init(topic: String, _ note: OperatorNote) {
            self.topic = topic
            title = note.headline
            message = NtfyChannel.text(of: note)
            priority =
                switch note.urgency {
                case .low: 2
                case .normal: 3
                case .high: 5
                }
            click = note.link
        }
    }

    /// The note's fields as plain text; ntfy shows no Markdown unless it is asked to.
    static func text(of note: OperatorNote) -> String {
        func lines(_ note: OperatorNote) -> String {
            note.fields.map { "\($0.label): \($0.text)" }.joined(separator: "\n")
        }
        let text = lines(note.fitted(to: longestMessage) { lines($0).utf8.count })
        return text.isEmpty ? note.title : text
    }
}
