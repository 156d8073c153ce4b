import CSodium
import Foundation

/// What goes over the wire instead of a text: ciphertext and nonce in standard base64.
struct SealedText: Sendable {
    let ciphertext: String
    let nonce: String
}

/// A room's key and libsodium's secretbox under it (XSalsa20-Poly1305), as every client of the relay uses.
struct SecretBox: Sendable {
    private let key: [UInt8]

    /// Makes a random key.
    init() { self.init(key: SecretBox.randomBytes(crypto_secretbox_keybytes())) }

    /// - Parameter key: 32 bytes.
    init(key: [UInt8]) { self.key = key }

    /// Encrypts `text` under a fresh random nonce.
    func seal(_ text: Data) -> SealedText {
        let nonce = SecretBox.randomBytes(crypto_secretbox_noncebytes())
        let message = [UInt8](text)
        var boxed = [UInt8](repeating: 0, count: message.count + crypto_secretbox_macbytes())
        // Fails only for messages longer than memory.
        _ = crypto_secretbox_easy(&boxed, message, UInt64(message.count), nonce, key)
        return SealedText(
            ciphertext: Data(boxed).base64EncodedString(), nonce: Data(nonce).base64EncodedString())
    }

    /// The text again, or nil if anything about it was changed on the way.
    func open(_ sealed: SealedText) -> Data? {
        guard let boxed = Data(eitherBase64: sealed.ciphertext),
            let nonce = Data(eitherBase64: sealed.nonce),
            nonce.count == crypto_secretbox_noncebytes(), boxed.count >= crypto_secretbox_macbytes()
        else { return nil }
        var text = [UInt8](repeating: 0, count: boxed.count - crypto_secretbox_macbytes())
        let code = crypto_secretbox_open_easy(&text, [UInt8](boxed), UInt64(boxed.count), [UInt8](nonce), key)
        return code == 0 ? Data(text) : nil
    }

    /// Random bytes from the operating system, by way of libsodium.
    static func randomBytes(_ count: Int) -> [UInt8] {
        // Any number of calls is fine; the first one sets libsodium up.
        precondition(sodium_init() >= 0, "libsodium could not be initialised")
        var bytes = [UInt8](repeating: 0, count: count)
        randombytes_buf(&bytes, count)
        return bytes
    }
}

extension Data {
    /// Bytes of base64 in either alphabet, as relays take and hand on.
    init?(eitherBase64 text: String) {
        self.init(base64Encoded: text.replacing("-", with: "+").replacing("_", with: "/"))
    }
}
