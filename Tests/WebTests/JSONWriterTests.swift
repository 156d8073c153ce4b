import NIOCore
import Testing
@testable import Web

@Suite("Writing JSON")
struct JSONWriterTests {
    private func written(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(buffer: writer.buffer)
    }

    @Test(
        "a text is escaped as JSON.stringify does",
        arguments: [
            ("plain", "\"plain\""), ("", "\"\""), ("\"\\/", "\"\\\"\\\\/\""),
            ("\u{8}\u{c}\n\r\t", "\"\\b\\f\\n\\r\\t\""),
            ("\0\u{1}\u{1f}", "\"\\u0000\\u0001\\u001f\""), ("\u{7f}é🚂\u{2028}", "\"\u{7f}é🚂\u{2028}\""),
            ("</script>", "\"</script>\""),
        ])
    func escapes(text: String, expected: String) {
        #expect(written { $0.string(text) } == expected)
    }

    @Test(
        "what was written is read back as the same", arguments: ["\0\u{1f}\"\\", "🚂\u{fffd}\n", "a\u{301}"])
    func roundTrip(text: String) throws {
        let json = JSONWriter.object { $0.field("t", text) }
        #expect(try JSONParser.parse(json)["t"]?.string == text)
    }

    @Test(
        "a number is written as JavaScript writes it",
        arguments: [
            (0, "0"), (-0.0, "0"), (1, "1"), (-7, "-7"), (0.5, "0.5"), (30_000.25, "30000.25"),
            (9_007_199_254_740_991, "9007199254740991"), (.nan, "null"), (.infinity, "null"),
            (-.infinity, "null"),
        ] as [(Double, String)])
    func numbers(value: Double, expected: String) {
        #expect(written { $0.number(value) } == expected)
    }

    @Test("an integer keeps all its digits", arguments: [Int64.max, .min, 0])
    func integers(value: Int64) {
        #expect(written { $0.integer(value) } == String(value))
    }

    @Test("commas stand between members and elements and nowhere else")
    func commas() {
        let text = written {
            $0.object {
                $0.field("a", 1)
                $0.key("b")
                $0.array { list in
                    list.object { _ in }
                    list.array { _ in }
                    list.null()
                    list.bool(false)
                    list.raw(ByteBuffer(string: "{\"raw\":1}"))
                }
                $0.key("c")
                $0.object { _ in }
                $0.field("d", nil as Int64?)
                $0.key(named: "é\"")
                $0.string("x")
            }
        }
        #expect(text == #"{"a":1,"b":[{},[],null,false,{"raw":1}],"c":{},"d":null,"é\"":"x"}"#)
    }

    @Test("a text that is no contiguous UTF-8 is written all the same")
    func substring() {
        let text = String("prefix\n🚂".dropFirst(6))
        #expect(written { $0.string(text) } == "\"\\n🚂\"")
    }
}
