import Foundation
import Testing
import TestSupport
@testable import Relay

@Suite("Bytes from base64")
struct Base64DecodeTests {
    @Test("what was encoded comes back, in either alphabet", arguments: 0..<70)
    func roundTrip(count: Int) {
        var random = SeededGenerator(seed: count)
        for _ in 0..<20 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let text = Data(bytes).base64EncodedString()
            let urlSafe = text.replacing("+", with: "-").replacing("/", with: "_")
            let expected = count == 0 ? nil : bytes
            #expect(Base64.decode(text, count: count) == expected)
            #expect(Base64.decode(urlSafe, count: count) == expected)
            #expect(Base64.decode(text, count: count + 1) == nil)
            #expect(Base64.decode(text, count: count - 1) == nil)
        }
    }

    @Test("what isn't canonical is refused, though a lenient decoder would take it")
    func refused() {
        for text in ["AAA", "AB==", "AA==\n", " AAA", "AA", "A===", "AAE"] {
            for count in 0...3 { #expect(Base64.decode(text, count: count) == nil) }
        }
    }

    /// What `Buffer.from(text, 'base64').length` gives in node 20.
    private static let lenient: [(text: String, bytes: Int)] = [
        ("", 0), ("A", 0), ("AA", 1), ("AAA", 2), ("AAAA", 3), ("AAAAA", 3), ("AAAAAA", 4), ("AAAAAAA", 5),
        ("AA==", 1), ("AA==AAAA", 1), ("A=A", 0), ("====", 0), ("=AAAA", 0), ("AAA=AAA=", 2), ("!!!!", 0),
        ("AA AA", 3), ("A-_/+", 3), ("ÄAAA", 2), ("AAAA\n", 3), ("QUJD\u{100}", 3), ("zz%zz%", 3),
    ]

    @Test("its length as the original estimates it", arguments: lenient)
    func lenientLength(text: String, bytes: Int) {
        #expect(Base64.lenientLength(text) == bytes)
    }
}
