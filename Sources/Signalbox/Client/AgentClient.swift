import Foundation
import Web

/// An agent's direct messages.
struct AgentClient: Sendable {
    /// A message that came.
    struct Message: Sendable {
        let seq: UInt64
        let id: String
        /// A handle; nil for who didn't say.
        let sender: String?
        /// Whether the server vouches that the sender holds that handle's key.
        let isVerified: Bool
        /// nil when it can't be opened.
        let text: String?
    }

    let keys: AgentKeys
    let relay: RelayClient

    private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }
    private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    /// Registers the handle under the keys.
    func register() async throws {
        let (box, sign) = (Self.base64(keys.boxPublic), Self.base64(keys.signPublic))
        _ = try await relay.ask(
            "POST", "/api/identity/register",
            body: {
                let ts = Self.now
                return [
                    "handle": keys.handle, "box_pub": box, "sign_pub": sign, "register_ts": ts,
                    "meta": [:] as [String: String],
                    "register_sig": keys.sign("register \(keys.handle) \(ts) \(box) \(sign)"),
                ]
            })
    }

    /// Bytes of a text that the server takes.
    private static let textMax = 131_056

    /// Seals a text for another agent, signs it and sends it.
    func send(_ text: String, to handle: String) async throws {
        guard text.utf8.count <= Self.textMax else {
            throw ClientError("The text is too long: a message takes \(Self.textMax) bytes.")
        }
        let identity = try await relay.ask("GET", "/api/identity/\(handle)")
        guard let key = (identity["box_pub"] as? String).flatMap({ Data(eitherBase64: $0) }),
            let (sealed, ephemeral) = AgentKeys.seal(Data(text.utf8), for: Array(key))
        else { throw ClientError("The server has no usable key of @\(handle).") }
        let once = Self.base64(ephemeral)
        let digest = SHA256.hex(sealed.ciphertext, "|", sealed.nonce, "|", once)
        _ = try await relay.ask(
            "POST", "/api/dm/\(handle)",
            body: {
                let ts = Self.now
                return [
                    "ciphertext": sealed.ciphertext, "nonce": sealed.nonce, "sender_eph_pub": once,
                    "from_handle": keys.handle, "from_ts": ts,
                    "from_sig": keys.sign("dm \(handle) \(keys.handle) \(ts) \(digest)"),
                ]
            })
    }

    /// A page of what is in the inbox after a number, waiting for it as long as the server lets one wait.
    func messages(after seq: UInt64, waiting seconds: Int) async throws -> [Message] {
        let answer = try await signed(
            "GET", "/api/dm/\(keys.handle)/inbox/wait?after=\(seq)&timeout=\(seconds)", waiting: seconds)
        guard let list = answer["messages"] as? [Any] else { throw relay.nonsense }
        var messages: [Message] = []
        for case let json as [String: Any] in list {
            guard let message = message(json), message.seq > messages.last?.seq ?? seq else { continue }
            messages.append(message)
        }
        return messages
    }

    /// Has the server drop a message that is done.
    func acknowledge(_ message: Message) async throws {
        _ = try await signed("DELETE", "/api/dm/\(keys.handle)/inbox/\(message.id)")
    }

    private func signed(
        _ method: String, _ path: String, waiting seconds: Int = 0
    ) async throws -> [String: Any] {
        try await relay.ask(method, path, waiting: seconds) {
            let ts = Self.now
            let nonce = Self.base64(SecretBox.randomBytes(18)).replacing("+", with: "-").replacing(
                "/", with: "_")
            let signature = keys.sign("\(method) \(path) \(ts) \(nonce)")
            return [("Authorization", "Bot2Bot ts=\(ts),n=\(nonce),sig=\(signature)")]
        }
    }

    private func message(_ json: [String: Any]) -> Message? {
        guard let seq = json["seq"] as? UInt64, seq < 1 << 53, let id = json["id"] as? String,
            id.wholeMatch(of: /[-_A-Za-z0-9]{1,64}/) != nil
        else { return nil }
        let sealed = SealedText(
            ciphertext: json["ciphertext"] as? String ?? "", nonce: json["nonce"] as? String ?? "")
        let ephemeral = (json["sender_eph_pub"] as? String).flatMap { Data(eitherBase64: $0) } ?? Data()
        return Message(
            seq: seq, id: id, sender: json["from_handle"] as? String,
            isVerified: json["from_verified"] as? Bool == true,
            text: keys.open(sealed, from: Array(ephemeral)).flatMap { String(data: $0, encoding: .utf8) })
    }
}
