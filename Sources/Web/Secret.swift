import CSodium
import Foundation

/// A secret that is only ever compared, in constant time, and never printed.
public struct Secret: Sendable {
    /// A keyed hash with a key of this process: comparing hashes of equal length says nothing about the
    /// secret's length or where the first difference is.
    private let digest: [UInt8]
    /// The bytes, for keying session hashes.
    public let bytes: [UInt8]

    private static let key = SecretBytes.random(32)

    /// nil for an empty text, which would open the door to everybody.
    public init?(_ text: String) {
        guard !text.isEmpty else { return nil }
        bytes = Array(text.utf8)
        digest = SecretBytes.hash(bytes, key: Self.key)
    }

    /// Whether the text is the secret. Takes the same time whatever the text's content.
    public func matches(_ text: String) -> Bool {
        let other = SecretBytes.hash(Array(text.utf8), key: Self.key)
        return sodium_memcmp(digest, other, digest.count) == 0
    }
}

/// Bytes that nobody can guess, and hashes that nobody can compute without the key.
public enum SecretBytes {
    /// BLAKE2b-256 under a key of 16 to 64 bytes.
    public static func hash(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        crypto_generichash(&digest, 32, message, UInt64(message.count), key, key.count)
        return digest
    }

    /// Bytes nobody can guess.
    public static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// Bytes as URL-safe text without padding.
    public static func urlSafeText(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
}
