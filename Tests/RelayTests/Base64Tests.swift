import Testing
@testable import Relay

@Suite("The wire's base64")
struct Base64Tests {
    @Test(
        "a canonical text stands for so many bytes",
        arguments: [
            ("AAAA", 3), ("AAA=", 2), ("AA==", 1), ("AQ==", 1), ("AAE=", 2), ("//8=", 2), ("__8=", 2),
            ("-_+/", 3),
            ("Zm9vYmFy", 6), (String(repeating: "A", count: 32), 24), ("/w==", 1),
        ])
    func canonical(text: String, bytes: Int) {
        #expect(Base64.canonicalLength(text) == bytes)
    }

    @Test(
        "any other text is refused",
        arguments: [
            "", "=", "==", "====", "A", "AA", "AAA", "A===", "AAAAA", "AA=", "AA=A", "A=AA", "=AAA",
            "AA==AAAA", "AAAA====",
            "AAAA=", "AB==", "AP==", "AAB=", "AAP=", "AA A", "AAA\n", "AAAA\n", " AAAA", "!!!!", "AA.=", "ÄÄ",
            "AAA\0",
            "%41A=", "AAＡ=", "A\u{301}AA=",
        ])
    func refused(text: String) {
        #expect(Base64.canonicalLength(text) == nil)
    }

    @Test("every digit of both alphabets counts, and no other byte does")
    func alphabet() {
        let digits = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_".utf8)
        for byte in UInt8(1)...127 {
            let text = "AA" + String(UnicodeScalar(byte)) + "A"
            #expect((Base64.canonicalLength(text) == 3) == digits.contains(byte), "byte \(byte)")
        }
    }

    @Test("of all texts with padding only those with zero bits at the end pass")
    func spareBits() {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        #expect(digits.filter { Base64.canonicalLength("A\($0)==") == 1 } == ["A", "Q", "g", "w"])
        #expect(digits.count { Base64.canonicalLength("AA\($0)=") == 2 } == 16)
    }
}
