import Foundation

/// A room as a member sees it.
struct RoomClient: Sendable {
    /// A message that came.
    struct Message: Sendable {
        let seq: UInt64
        let sender: String
        /// In standard base64: two messages of one nonce are one that was sent twice.
        let nonce: String
        /// nil when the room's key doesn't open it.
        let text: String?
        /// Whether the server vouches that the sender holds that handle's key; else anybody could be called so.
        let isVerified: Bool
        /// Unix ms.
        let sentAt: Int64
    }

    let link: RoomLink
    private let relay: RelayClient
    private let box: SecretBox
    /// Messages of one page.
    private static let pageMax = 100
    /// As long as the server takes: characters of base64, and of those the bytes of a text.
    private static let (ciphertextMax, textMax) = (128 * 1_024, 98_288)
    /// Numbers that every client can count with.
    private static let seqMax: UInt64 = 1 << 53

    init(_ link: RoomLink, relay: RelayClient) {
        self.link = link
        self.relay = relay
        box = SecretBox(key: link.key)
    }

    private var path: String { "/api/rooms/\(link.id)" }

    /// Encrypts and sends a text.
    func send(_ text: String, as sender: String) async throws {
        let sealed = box.seal(Data(text.utf8))
        guard sealed.ciphertext.utf8.count <= Self.ciphertextMax else {
            throw ClientError("The text is too long: a message takes \(Self.textMax) bytes.")
        }
        guard (1...64).contains(sender.utf16.count) else {
            throw ClientError("A name has 1 to 64 characters.")
        }
        _ = try await relay.ask(
            "POST", path + "/messages",
            body: { ["sender": sender, "ciphertext": sealed.ciphertext, "nonce": sealed.nonce] })
    }

    /// What came after a number, waiting for it as long as the server lets one wait.
    /// - Parameter seconds: 0 asks for what is there.
    func messages(after seq: UInt64, waiting seconds: Int) async throws -> [Message] {
        let part =
            seconds > 0
            ? "wait?after=\(seq)&timeout=\(seconds)" : "transcript?after=\(seq)&limit=\(Self.pageMax)"
        let answer = try await relay.ask("GET", "\(path)/\(part)", waiting: seconds)
        guard let list = answer["messages"] as? [Any] else { throw relay.nonsense }
        var messages: [Message] = []
        for case let json as [String: Any] in list {
            // The server's word for the order isn't taken: what goes back would come for ever.
            guard let message = message(json), message.seq > messages.last?.seq ?? seq else { continue }
            messages.append(message)
        }
        return messages
    }

    private func message(_ json: [String: Any]) -> Message? {
        guard let seq = json["seq"] as? UInt64, seq < Self.seqMax,
            let ciphertext = json["ciphertext"] as? String,
            let nonce = json["nonce"] as? String
        else { return nil }
        let bytes = box.open(SealedText(ciphertext: ciphertext, nonce: nonce))
        return Message(
            seq: seq, sender: json["sender"] as? String ?? "",
            nonce: Data(eitherBase64: nonce)?.base64EncodedString() ?? nonce,
            text: bytes.flatMap { String(data: $0, encoding: .utf8) },
            isVerified: json["sender_verified"] as? Bool == true,
            sentAt: json["ts"] as? Int64 ?? 0)
    }
}
