import CSodium
public import Foundation
public import NIOCore

/// SHA-256 by libsodium, in lower-case hex.
public enum SHA256 {
    /// The digest of the UTF-8 of the parts, one after the other.
    public static func hex(_ parts: String...) -> String {
        digest { update in
            for part in parts {
                var part = part
                part.withUTF8 { update(UnsafeRawBufferPointer($0)) }
            }
        }
    }

    /// The digest of bytes.
    public static func hex(_ bytes: some ContiguousBytes) -> String {
        digest { update in bytes.withUnsafeBytes(update) }
    }

    /// The digest of what can be read of a buffer.
    public static func hex(_ buffer: ByteBuffer) -> String {
        digest { update in buffer.withUnsafeReadableBytes(update) }
    }

    /// The digest of a file, read a megabyte at a time; nil when it can't be read.
    public static func hex(ofFile path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        var isWhole = true
        let hash = digest { update in
            do {
                while let part = try file.read(upToCount: 1 << 20), !part.isEmpty {
                    part.withUnsafeBytes(update)
                }
            } catch { isWhole = false }
        }
        return isWhole ? hash : nil
    }

    private static func digest(_ feed: ((UnsafeRawBufferPointer) -> Void) -> Void) -> String {
        var state = crypto_hash_sha256_state()
        crypto_hash_sha256_init(&state)
        feed { bytes in
            _ = crypto_hash_sha256_update(
                &state, bytes.bindMemory(to: UInt8.self).baseAddress, UInt64(bytes.count))
        }
        var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
        crypto_hash_sha256_final(&state, &digest)
        return Hex.text(digest)
    }
}
