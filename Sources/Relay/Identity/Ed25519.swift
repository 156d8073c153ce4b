import CSodium

/// Ed25519 by libsodium, which also refuses keys of small order. A verify takes about 50 µs, so limits come
/// first.
enum Ed25519 {
    static let keyBytes = 32
    static let signatureBytes = 64

    /// Whether `signature` is `key`'s over the UTF-8 of `text`. Wrong lengths are a no.
    static func verify(_ signature: [UInt8], of text: String, by key: [UInt8]) -> Bool {
        guard signature.count == signatureBytes, key.count == keyBytes else { return false }
        var text = text
        return text.withUTF8 { message in
            crypto_sign_verify_detached(
                signature, message.baseAddress, UInt64(message.count), key) == 0
        }
    }
}
