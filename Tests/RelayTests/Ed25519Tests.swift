import Testing
@testable import Relay

@Suite("Ed25519")
struct Ed25519Tests {
    private struct Vector: Sendable {
        let key: String
        let text: String
        let signature: String
    }

    /// RFC 8032 §7.1 tests 1 and 2, and three made with OpenSSL; test 3's message is no text.
    private static let vectors = [
        Vector(
            key: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", text: "",
            signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        Vector(
            key: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", text: "r",
            signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        Vector(
            key: "764913e51c865ad1c5b9af536ebfe0f223a33e1cc079be2a83d3278f990b102e",
            text: "GET /api/dm/alice/inbox/wait?after=0 1700000000000 AAAAAAAAAAAAAAAA",
            signature: "b90f92e0924709d7ae9ea3bf08de96ec928afa5a98727aa528921de77d9510cb"
                + "9a642c5a0c530d20504c07f64a8f7c8b7d0f3cf76f0020ede200cea4dc0acc0f"),
        // With a NUL and a combining mark: the bytes count, as they are.
        Vector(
            key: "7063dc5c422043472a77e2d5a46c87a3e2683f10aafd1cabda29bff524939b67",
            text: "zürich 🚂 \0 e\u{301}",
            signature: "4e32d80bc40cdda6edf7324538b04006070f75bc475e205a385a5cd68a6cc7e3"
                + "33e5168bbb69d3d31244ae853a0e2a6e69af57b07845cd9d92ec10b782f45702"),
        Vector(
            key: "65e948c007a94516b45c35f0f6e09f1f4806cd5ba99c6f7d4818a55fb0be306f",
            text: String(repeating: "x", count: 1_000),
            signature: "708525b10df985a269a7be8caf87c2929e664b1a7b57561ecf96faed5b4139d8"
                + "d27e6b4428f1b1b217427d27d48eef5d7caa8607a1700f6a674bfab67b89d708"),
    ]

    private func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    @Test("verifies what was signed with the key", arguments: vectors.indices)
    func good(index: Int) {
        let vector = Self.vectors[index]
        #expect(Ed25519.verify(bytes(vector.signature), of: vector.text, by: bytes(vector.key)))
    }

    @Test("and nothing else: a changed bit anywhere is a no", arguments: vectors.indices)
    func bad(index: Int) {
        let vector = Self.vectors[index]
        let (key, signature) = (bytes(vector.key), bytes(vector.signature))
        for bit in stride(from: 0, to: 512, by: 7) {
            var changed = signature
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(!Ed25519.verify(changed, of: vector.text, by: key))
            changed = key
            changed[bit / 16] ^= 1 << (bit % 8)
            #expect(!Ed25519.verify(signature, of: vector.text, by: changed))
        }
        #expect(!Ed25519.verify(signature, of: vector.text + " ", by: key))
    }

    @Test("a text that only looks the same is another")
    func lookAlike() {
        let vector = Self.vectors[3]
        let composed = "zürich 🚂 \0 \u{e9}"
        #expect(composed == vector.text, "Swift takes them for equal")
        #expect(!Ed25519.verify(bytes(vector.signature), of: composed, by: bytes(vector.key)))
    }

    @Test("keys and signatures of other lengths are a no", arguments: [0, 1, 31, 33, 63, 65, 100])
    func lengths(count: Int) {
        let vector = Self.vectors[0]
        let other = [UInt8](repeating: 0, count: count)
        #expect(!Ed25519.verify(other, of: "", by: bytes(vector.key)))
        #expect(!Ed25519.verify(bytes(vector.signature), of: "", by: other))
    }

    @Test("a key of small order signs nothing")
    func smallOrder() {
        // The neutral element and the signature that would go with it for every text.
        var (key, signature) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 64))
        key[0] = 1
        signature[0] = 1
        #expect(!Ed25519.verify(signature, of: "anything", by: key))
    }
}
