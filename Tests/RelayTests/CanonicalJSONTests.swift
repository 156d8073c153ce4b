import NIOCore
import Testing
import Web
import TestSupport
@testable import Relay

/// The expected texts are what the original's canonicalJson gives in node 20.
@Suite("JSON with one spelling")
struct CanonicalJSONTests {
    private func canonical(_ json: String) throws -> String {
        CanonicalJSON.text(try JSONParser.parse(ByteBuffer(string: json)))
    }

    @Test(
        "sorts members, at every depth, and writes no space",
        arguments: [
            (#"{ "b" : 1, "a" : 2 }"#, #"{"a":2,"b":1}"#),
            (
                #"{"a":{"d":[1,{"z":null,"y":true}],"c":"x"}}"#,
                #"{"a":{"c":"x","d":[1,{"y":true,"z":null}]}}"#
            ),
            (#"{"10":1,"9":2,"1":3,"a":4}"#, #"{"1":3,"10":1,"9":2,"a":4}"#),
            (#"{"a":1,"a":2}"#, #"{"a":2}"#), (#"{"__proto__":1}"#, #"{"__proto__":1}"#),
            ("[]", "[]"), ("{}", "{}"), (#""x""#, #""x""#), ("null", "null"), ("[[],{}]", "[[],{}]"),
        ])
    func sorted(json: String, expected: String) throws {
        #expect(try canonical(json) == expected)
    }

    @Test(
        "sorts by UTF-16 units, as JavaScript does",
        arguments: [
            (#"{"é":1,"z":2,"e":3,"E":4,"":5}"#, #"{"":5,"E":4,"e":3,"z":2,"é":1}"#),
            // A pair's first unit is below U+E000, though the character is above.
            (#"{"\uffff":2,"\ud83d\ude82":1,"\ue000":3}"#, "{\"🚂\":1,\"\u{e000}\":3,\"\u{ffff}\":2}"),
        ])
    func unicodeOrder(json: String, expected: String) throws {
        #expect(try canonical(json) == expected)
    }

    @Test("escapes as JSON.stringify does, and no more")
    func escapes() throws {
        #expect(
            try canonical(#"{"a\"b":"\u0000\u001f\u007f\u2028\/\\"}"#)
                == "{\"a\\\"b\":\"\\u0000\\u001f\u{7f}\u{2028}/\\\\\"}")
    }

    @Test("keeps characters as they were sent, composed or not")
    func composed() throws {
        let text = try canonical(#"["\u212a","e\u0301","\u00e9"]"#)
        #expect(Array(text.unicodeScalars) == Array("[\"\u{212a}\",\"e\u{301}\",\"\u{e9}\"]".unicodeScalars))
    }

    @Test("writes numbers as JavaScript does")
    func numbers() throws {
        #expect(
            try canonical("[1.0,1e2,0.5,-0,1E-3,100000,1700000000000.5,-7]")
                == "[1,100,0.5,0,0.001,100000,1700000000000.5,-7]")
    }

    @Test("one spelling: what it writes it reads and writes the same", arguments: 0..<30)
    func idempotent(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        func value(_ depth: Int) -> JSONValue {
            switch Int.random(in: 0..<(depth > 4 ? 4 : 6), using: &random) {
            case 0: return .number(Double(Int.random(in: -1_000_000...1_000_000, using: &random)) / 4)
            case 1:
                return .string(["", "a\"\\\n", "é🚂\u{0}", "\u{2028}"].randomElement(using: &random) ?? "")
            case 2: return .bool(random.chance(1, in: 2))
            case 3: return .null
            case 4: return .array((0..<3).map { _ in value(depth + 1) })
            default:
                let names = (0..<4).map { _ in "k\(Int.random(in: 0..<100, using: &random))" }
                return .object(Dictionary(names.map { ($0, value(depth + 1)) }) { $1 })
            }
        }
        let made = value(0)
        let text = CanonicalJSON.text(made)
        #expect(try JSONParser.parse(ByteBuffer(string: text)) == made)
        #expect(try canonical(text) == text)
    }
}
