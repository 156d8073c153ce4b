import CSodium

/// SHA-256 by libsodium.
enum SHA256 {
    /// The digest of the UTF-8 of the parts, one after the other, in lower-case hex.
    static func hex(_ parts: String...) -> String {
        var state = crypto_hash_sha256_state()
        crypto_hash_sha256_init(&state)
        for part in parts {
            var part = part
            part.withUTF8 { bytes in
                _ = crypto_hash_sha256_update(&state, bytes.baseAddress, UInt64(bytes.count))
            }
        }
        var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
        crypto_hash_sha256_final(&state, &digest)
        return Hex.text(digest)
    }
}
