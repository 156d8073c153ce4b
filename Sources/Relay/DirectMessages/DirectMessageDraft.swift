import Web

/// A direct message as it was posted, checked against the wire's rules.
struct DirectMessageDraft {
    let ciphertext: String
    let nonce: String
    let ephemeralKey: String
    /// Who the sender claims to be, with what should prove it; nil when it claims nothing provable.
    let claim: Claim?

    struct Claim {
        /// As sent, without `@`, in lower case.
        let handle: String
        let signature: String
        /// Unix ms as JavaScript has it: may be a fraction.
        let time: Double
    }

    /// What the message is charged with: its ciphertext and a flat overhead, as the original counts.
    var chargedBytes: Int { ciphertext.utf8.count + 512 }

    /// What a sender's signature binds: the envelope whole, so that it fits no other.
    var hash: String { SHA256.hex(ciphertext, "|", nonce, "|", ephemeralKey) }

    /// What was wrong, in the original's words.
    struct Fault: Error {
        let error: String
        let reason: String
    }

    /// Reads a posted body.
    /// - Throws: ``Fault``.
    init(_ body: JSONValue, limits: IdentityLimits) throws {
        guard let ciphertext = body["ciphertext"]?.string, let nonce = body["nonce"]?.string,
            let key = body["sender_eph_pub"]?.string
        else {
            throw Fault(
                error: "ciphertext, nonce, sender_eph_pub required (all base64)", reason: "envelope_missing")
        }
        guard Base64.lenientLength(ciphertext) <= limits.directMessageBytes else {
            throw Fault(error: "ciphertext too large", reason: "ciphertext_too_large")
        }
        guard Base64.canonicalLength(ciphertext) != nil else {
            throw Fault(error: "ciphertext must be strict canonical base64", reason: "bad_ciphertext")
        }
        guard Base64.canonicalLength(nonce) == 24 else {
            throw Fault(error: "nonce must be strict canonical base64 of 24 bytes", reason: "bad_nonce")
        }
        guard Base64.canonicalLength(key) == 32 else {
            throw Fault(
                error: "sender_eph_pub must be strict canonical base64 of 32 bytes",
                reason: "bad_sender_eph_pub")
        }
        self.ciphertext = ciphertext
        self.nonce = nonce
        ephemeralKey = key
        claim = Self.claim(body)
    }

    private static func claim(_ body: JSONValue) -> Claim? {
        guard let handle = body["from_handle"]?.string, !handle.isEmpty,
            let signature = body["from_sig"]?.string, case .number(let time)? = body["from_ts"]
        else { return nil }
        let bare = handle.hasPrefix("@") ? String(handle.dropFirst()) : handle
        return Claim(handle: bare.lowercased().prefixUTF16(34), signature: signature, time: time)
    }
}
