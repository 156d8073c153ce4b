import CSodium
import Foundation

/// The SHA-256 of the running program's file, worked out when somebody first asks: it is a hundred megabytes.
actor ExecutableHash {
    private var known: String?

    func files() -> [(name: String, sha256: String)] {
        let hash = known ?? Self.hash("/proc/self/exe")
        known = hash
        return hash.map { [(name: "signalbox", sha256: $0)] } ?? []
    }

    private static func hash(_ path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        var state = crypto_hash_sha256_state()
        crypto_hash_sha256_init(&state)
        while let part = try? file.read(upToCount: 1 << 20), !part.isEmpty {
            part.withUnsafeBytes { bytes in
                _ = crypto_hash_sha256_update(
                    &state, bytes.bindMemory(to: UInt8.self).baseAddress, UInt64(bytes.count))
            }
        }
        var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
        crypto_hash_sha256_final(&state, &digest)
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
