/// A handle with its two public keys. All of it is public by design; the private keys never leave the owner.
struct Identity: Sendable, Equatable {
    let handle: Handle
    /// X25519, base64 as the owner sent it: direct messages are sealed to it.
    var boxKey: String
    /// Ed25519, base64 as the owner sent it: signatures are checked against it.
    let signKey: String
    /// The same, decoded.
    let signKeyBytes: [UInt8]
    /// Unix ms.
    let registeredAt: Int64
    var updatedAt: Int64
    var lastSeenAt: Int64
    /// What the owner says of itself, at most 280 UTF-16 units; nil when nothing was said.
    let bio: String?
    /// The number of the last direct message; 0 before the first.
    var inboxSeq: UInt64 = 0
    /// Unix ms of the signature that set the present `boxKey`: an older one can't bring an older key back.
    var provenAt: Int64 = 0

    /// nil when one of the keys isn't canonical base64 of 32 bytes.
    init?(
        handle: Handle, boxKey: String, signKey: String, bio: String?, registeredAt: Int64,
        updatedAt: Int64? = nil,
        lastSeenAt: Int64? = nil, inboxSeq: UInt64 = 0, provenAt: Int64 = 0
    ) {
        guard Base64.canonicalLength(boxKey) == Ed25519.keyBytes,
            let bytes = Base64.decode(signKey, count: Ed25519.keyBytes)
        else { return nil }
        self.handle = handle
        self.boxKey = boxKey
        self.signKey = signKey
        signKeyBytes = bytes
        self.bio = bio
        self.registeredAt = registeredAt
        self.updatedAt = updatedAt ?? registeredAt
        self.lastSeenAt = lastSeenAt ?? self.updatedAt
        self.inboxSeq = inboxSeq
        self.provenAt = provenAt
    }

    /// Unix ms of the last sign that somebody uses the handle.
    var activeAt: Int64 { max(lastSeenAt, updatedAt, registeredAt) }
}
