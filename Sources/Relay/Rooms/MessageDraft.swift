import NIOCore
import Web

/// A message as a client posted it, checked against the wire's rules.
struct MessageDraft {
    let sender: String?
    /// Canonical base64.
    let ciphertext: ByteBuffer
    /// Canonical base64 of 24 bytes.
    let nonce: ByteBuffer
    /// ms; nil for no expiry.
    let ttl: Double?
    let replyTo: String?
    let wantsSignedOnly: Bool
    /// What the client claims to be; the claim must then verify. nil when it claims nothing.
    let claim: SenderClaim?

    /// What a message is charged with: its ciphertext and a flat overhead, as the original counts.
    var chargedBytes: Int { ciphertext.readableBytes + 512 }

    /// Reads a posted body.
    /// - Throws: ``MessageFault`` that names the field.
    init(_ body: JSONValue, limits: RoomLimits) throws {
        guard let ciphertext = body["ciphertext"]?.string else { throw MessageFault.ciphertext }
        guard let nonce = body["nonce"]?.string else { throw MessageFault.nonce }
        guard ciphertext.utf8.count <= limits.messageBytesMax, Base64.canonicalLength(ciphertext) != nil
        else { throw MessageFault.ciphertext }
        guard nonce.utf8.count <= 64, Base64.canonicalLength(nonce) == 24 else { throw MessageFault.nonce }
        self.ciphertext = ByteBuffer(string: ciphertext)
        self.nonce = ByteBuffer(string: nonce)

        switch body["sender"] {
        case nil, .null: sender = nil
        case .string(let name) where name.utf16.count <= 64: sender = name.isEmpty ? nil : name
        default: throw MessageFault.sender
        }
        switch body["reply_to"] {
        case nil, .null: replyTo = nil
        case .string(let id) where (8...64).contains(id.utf8.count) && id.utf8.allSatisfy(RoomID.isAllowed):
            replyTo = id
        default: throw MessageFault.replyTo
        }
        switch body["ttl_ms"] {
        case nil, .null, .number(0): ttl = nil
        case .number(let milliseconds) where (30_000...31_622_400_000).contains(milliseconds):
            ttl = milliseconds
        default: throw MessageFault.ttl
        }
        wantsSignedOnly = body["signed_only"] == .bool(true)
        claim = Self.claim(body)
    }

    /// Reads a posted body of the one shape that almost every message has, without a value in between: an object
    /// of `ciphertext`, `nonce` and perhaps `sender`, each once, of texts without escapes.
    ///
    /// nil for any other, and for one in which anything isn't as it should be: the general way says what. What is
    /// read here, it would read the same. The texts share the body's memory.
    init?(plain body: ByteBuffer, limits: RoomLimits) {
        guard let fields = PlainFields(body), let ciphertext = fields.ciphertext, let nonce = fields.nonce,
            ciphertext.readableBytes <= limits.messageBytesMax, Base64.canonicalLength(ciphertext) != nil,
            nonce.readableBytes <= 64, Base64.canonicalLength(nonce) == 24
        else { return nil }
        let sender = fields.sender.map { String(buffer: $0) } ?? ""
        guard sender.utf8.count <= 64 else { return nil }
        self.ciphertext = ciphertext
        self.nonce = nonce
        self.sender = sender.isEmpty ? nil : sender
        ttl = nil
        replyTo = nil
        wantsSignedOnly = false
        claim = nil
    }

    private static func claim(_ body: JSONValue) -> SenderClaim? {
        guard let handle = body["sender_handle"], handle.isTruthy, let signature = body["sender_sig"],
            signature.isTruthy
        else { return nil }
        return SenderClaim(
            handle: handle.string?.lowercased() ?? "",
            proof: SignedTime(
                timestamp: body["sender_ts"]?.javaScriptInteger, nonce: body["sender_nonce"]?.string ?? "",
                signature: signature.string ?? ""))
    }
}

/// The field that made a message unacceptable. The error's words are the original's; the reason is ours.
enum MessageFault: String, Error {
    case ciphertext = "bad_ciphertext"
    case nonce = "bad_nonce"
    case sender = "bad_sender"
    case replyTo = "bad_reply_to"
    case ttl = "bad_ttl_ms"
}
