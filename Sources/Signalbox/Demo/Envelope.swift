import Foundation

/// What the server sends to a room's subscribers. Fields that the demo doesn't look at are left out.
struct Envelope: Decodable, Sendable {
    /// "message", "ready", "presence", "error" and more; pages of /wait may leave it out.
    let type: String?
    let seq: Int?
    let id: String?
    let ciphertext: String?
    let nonce: String?
    /// Set in errors on a WebSocket: the status an HTTP answer would have had.
    let code: Int?

    init(json: Data) throws {
        do {
            self = try JSONDecoder().decode(Envelope.self, from: json)
        } catch {
            throw RelayError.lost("an envelope that is not the JSON that was expected")
        }
    }

    /// The message in it; nil for presence and the like.
    var message: Message? {
        guard type == nil || type == "message", let seq, let id, let ciphertext, let nonce else { return nil }
        return Message(seq: seq, id: id, sealed: SealedText(ciphertext: ciphertext, nonce: nonce))
    }

    /// The error in it, if it is one.
    var refusal: RelayError? {
        type == "error" ? .refused(status: code ?? 503, retryAfter: nil) : nil
    }
}

/// A message as a subscriber gets it.
struct Message: Sendable {
    let seq: Int
    let id: String
    let sealed: SealedText
}

/// A page of /wait.
struct MessagePage: Decodable, Sendable {
    let messages: [Envelope]
}

/// A message as a poster sends it, over HTTP or as a WebSocket frame.
struct Posting: Encodable, Sendable {
    let sender: String
    let ciphertext: String
    let nonce: String
    var replyTo: String?
    var ttlMs: Int?

    func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        // reply_to and ttl_ms on the wire.
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try encoder.encode(self)
    }
}

/// The server's acknowledgement of a message.
struct Receipt: Decodable, Sendable {
    let id: String
    let seq: Int
}

/// The text inside a message, which the server never sees: who says it, as which number, and what.
///
/// The number lets a reader tell a missing message from one that was never sent.
struct Note: Codable, Sendable {
    let agent: Int
    let number: Int
    let text: String
}
