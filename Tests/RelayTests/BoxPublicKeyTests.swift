import Testing
@testable import Relay

@Suite("A declared X25519 key")
struct BoxPublicKeyTests {
    private static let digits = String(repeating: "A", count: 43)

    @Test(
        "is 32 bytes of base64 as the original reads them",
        arguments: [digits + "=", digits, String(digits.dropLast()) + "-=", String(digits.dropLast()) + "_="])
    func good(text: String) {
        #expect(Base64.isBoxPublicKey(text))
    }

    @Test(
        "anything else isn't one",
        arguments: [
            "", "junk", String(repeating: "A", count: 42), String(repeating: "A", count: 44),
            String(repeating: "A", count: 64),
            String(repeating: "A", count: 65), String(repeating: "=", count: 44),
            String(repeating: "!", count: 44),
        ])
    func bad(text: String) {
        #expect(!Base64.isBoxPublicKey(text))
    }
}
