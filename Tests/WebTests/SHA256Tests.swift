import Testing
@testable import Web

@Suite("SHA-256")
struct SHA256Tests {
    @Test(
        "gives the known digests",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            ("zürich 🚂", "ead2b3bd71173f9542d5dba3a1139e79c64f8dd66cb7f8cd666bb2d4adc2d83f"),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ])
    func known(text: String, digest: String) {
        #expect(SHA256.hex(text) == digest)
    }

    @Test("of parts is that of the parts together")
    func parts() {
        #expect(SHA256.hex("a", "", "bc") == SHA256.hex("abc"))
        #expect(SHA256.hex("zür", "ich 🚂") == SHA256.hex("zürich 🚂"))
    }

    @Test("hex is lower case with two digits a byte")
    func hex() {
        #expect(Hex.text([0, 1, 0x0f, 0x10, 0xab, 0xff] as [UInt8]) == "00010f10abff")
        #expect(Hex.text([] as [UInt8]) == "")
    }
}
