import NIOCore
import Testing
@testable import Web

@Suite("Reading JSON")
struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONParser.parse(ByteBuffer(string: text)) }
    private func parse(_ bytes: [UInt8]) throws -> JSONValue {
        try JSONParser.parse(ByteBuffer(bytes: bytes))
    }

    private static let valid: [(text: String, value: JSONValue)] = [
        ("null", .null), ("true", .bool(true)), ("false", .bool(false)), ("  [ ]\t\r\n", .array([])),
        ("{}", .object([:])), ("{ \"a\" : 1 , \"b\" : [ ] }", .object(["a": .number(1), "b": .array([])])),
        ("[1,\"2\",null]", .array([.number(1), .string("2"), .null])), ("\"\"", .string("")),
        ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", .string("\"\\/\u{8}\u{c}\n\r\t")),
        ("\"\\u0041\\u00e9\\u20AC\"", .string("Aé€")), ("\"\\ud83d\\ude82\"", .string("🚂")),
        ("\"é🚂\"", .string("é🚂")), ("\"\\u0000\"", .string("\0")), ("\"\u{7f}\"", .string("\u{7f}")),
    ]

    @Test("a text of the grammar is read", arguments: valid)
    func reads(text: String, value: JSONValue) throws {
        #expect(try parse(text) == value)
    }

    @Test(
        "a text outside of the grammar is refused",
        arguments: [
            "", " ", "nul", "nulll", "True", "undefined", "NaN", "Infinity", "-Infinity", "{", "}", "[", "]",
            "[1",
            "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}",
            "{1:2}",
            "{\"a\" 1}", "\"", "\"a", "'a'", "\"\\x\"", "\"\\", "\"\\u\"", "\"\\u12\"", "\"\\u12g4\"",
            "\"\\u+123\"",
            "\"\\ud800\\u12\"", "\"a\nb\"", "\"a\tb\"", "\"\0\"", "1 1", "[] []", "// comment\n1",
            "\u{feff}1",
            "\u{a0}1", "[1]x",
        ])
    func refuses(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    private static let numbers: [(text: String, value: Double)] = [
        ("0", 0), ("-0", 0), ("7", 7), ("-12", -12), ("0.5", 0.5), ("1.25e2", 125), ("1E+2", 100),
        ("1e-2", 0.01),
        ("0e9", 0), ("9007199254740993", 9_007_199_254_740_992), ("1e308", 1e308), ("1e-400", 0),
        ("123456789012345678901234567890", 1.2345678901234568e29),
    ]

    @Test("a number is read as JavaScript reads it", arguments: numbers)
    func readsNumber(text: String, value: Double) throws {
        #expect(try parse(text) == .number(value))
    }

    @Test(
        "a number beyond all bounds is infinite, as in JavaScript",
        arguments: [("1e309", Double.infinity), ("-1e999", -.infinity)])
    func hugeNumber(text: String, value: Double) throws {
        #expect(try parse(text) == .number(value))
    }

    @Test(
        "what only looks like a number is refused",
        arguments: [
            "01", "-01", "00", "1.", "1.e1", ".5", "-", "-.5", "+1", "1e", "1e+", "1e-", "1e1.5", "0x10",
            "1_000", "--1",
            "1,5", "٣",
        ])
    func refusesNumber(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test("lone surrogates become U+FFFD and what stands beside them stays")
    func loneSurrogates() throws {
        #expect(try parse("\"a\\ud800b\"") == .string("a\u{fffd}b"))
        #expect(try parse("\"\\udc00\"") == .string("\u{fffd}"))
        #expect(try parse("\"\\ud800\\u0041\"") == .string("\u{fffd}A"))
        #expect(try parse("\"\\ud800\\ud83d\\ude82\"") == .string("\u{fffd}🚂"))
        #expect(try parse("\"\\ud800\"") == .string("\u{fffd}"))
    }

    @Test(
        "broken UTF-8 becomes U+FFFD, with an escape in the text or without",
        arguments: [[], Array("\\n".utf8)])
    func brokenUTF8(escape: [UInt8]) throws {
        let quote = UInt8(ascii: "\"")
        let value = try parse([quote] + escape + [0x61, 0xff, 0x62, quote])
        #expect(value == .string(escape.isEmpty ? "a\u{fffd}b" : "\na\u{fffd}b"))
        let cut = try parse([quote] + escape + [0xf0, 0x9f, quote])
        #expect(cut.string?.hasSuffix("\u{fffd}") == true)
    }

    @Test("the last of two members of one name counts")
    func duplicateMembers() throws {
        #expect(try parse("{\"a\":1,\"b\":2,\"a\":3}") == .object(["a": .number(3), "b": .number(2)]))
        #expect(try parse("{\"a\":1,\"\\u0061\":3}")["a"] == .number(3))
    }

    @Test("64 levels are read", arguments: [("[", "]"), ("{\"a\":", "}")])
    func deepEnough(open: String, close: String) throws {
        _ = try parse(String(repeating: open, count: 64) + "1" + String(repeating: close, count: 64))
    }

    @Test(
        "a value inside of 65 levels is refused, and so are 100,000",
        arguments: [("[", "]"), ("{\"a\":", "}")], [65, 100_000])
    func tooDeep(brackets: (open: String, close: String), levels: Int) {
        let text =
            String(repeating: brackets.open, count: levels) + "1"
            + String(repeating: brackets.close, count: levels)
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test("a refusal names the byte and repeats nothing of the text")
    func errorText() throws {
        let error = try #require(throws: JSONError.self) { try parse("{\"secret\":x}") }
        #expect(error.description == "unexpected byte at position 10")
    }

    @Test("no text crashes the reader: every cut and every changed byte of a good one")
    func mutations() {
        let good = Array("{\"a\":[1,-2.5e3,true,null,\"x\\u00e9\\ud83d\\ude82\\n\"],\"b\":{\"c\":\"\"}}".utf8)
        var read = 0
        for cut in good.indices {
            #expect(throws: JSONError.self) { try parse(Array(good[..<cut])) }
            for byte in [0x00, 0x22, 0x5c, 0x5d, 0x7d, 0x80, 0xff] as [UInt8] {
                var changed = good
                changed[cut] = byte
                if (try? parse(changed)) != nil { read += 1 }
            }
        }
        #expect(read > 0, "a changed byte inside a string is still JSON")
    }
}
