import Testing
import Web
@testable import Relay

/// The expected values are what node 20 gives.
@Suite("Values as the original's JavaScript reads them")
struct JavaScriptTextTests {
    @Test(
        "String(value)",
        arguments: [
            (.null, "null"), (.bool(true), "true"), (.bool(false), "false"), (.number(0), "0"),
            (.number(-0.0), "0"), (.number(1), "1"), (.number(-1), "-1"), (.number(0.5), "0.5"),
            (.number(0.0001), "0.0001"), (.number(4_294_967_296.5), "4294967296.5"),
            (.number(1_700_000_000_000), "1700000000000"), (.number(1_700_000_000_000.5), "1700000000000.5"),
            (.number(0.1 + 0.2), "0.30000000000000004"), (.string(""), ""), (.string("é🚂"), "é🚂"),
            (.array([]), ""), (.array([.number(1), .number(2)]), "1,2"), (.array([.null, .number(1)]), ",1"),
            (.array([.array([.number(1), .array([.number(2)])]), .string("a")]), "1,2,a"),
            (.array([.bool(true)]), "true"), (.object([:]), "[object Object]"),
            (.array([.object([:])]), "[object Object]"),
        ] as [(JSONValue, String)])
    func text(value: JSONValue, expected: String) {
        #expect(value.javaScriptText == expected)
    }

    @Test(
        "parseInt(String(value), 10)",
        arguments: [
            (.null, nil), (.bool(true), nil), (.number(0), 0), (.number(-0.0), 0), (.number(-1), -1),
            (.number(0.5), 0), (.number(3.9), 3), (.number(-3.9), -3),
            (.number(1_700_000_000_000.5), 1_700_000_000_000), (.number(1e21), 1), (.number(1e-7), 1),
            (.number(1e-6), 0), (.string("42"), 42), (.string(" 42"), 42),
            (.string("+7"), 7), (.string("-7"), -7), (.string("- 7"), nil), (.string("0x10"), 0),
            (.string("1e3"), 1), (.string("12abc"), 12), (.string("abc"), nil), (.string(""), nil),
            (.string("  "), nil), (.string("007"), 7), (.string("-0"), 0), (.string("3.9"), 3),
            (.string("\u{a0}5"), 5), (.string("\u{2028}5"), 5), (.string("٣"), nil), (.string("５"), nil),
            (.string("\u{feff}5"), 5), (.string("\u{85}5"), nil),
            (.string("1_000"), 1), (.string("--1"), nil), (.string("+-1"), nil), (.string("\u{180e}5"), nil),
            (.string("1\u{301}"), 1), (.string("\u{1c}5"), nil), (.string("\u{200b}5"), nil),
            (.array([]), nil), (.array([.number(1), .number(2)]), 1), (.array([.null, .number(1)]), nil),
            (.object([:]), nil),
            // Beyond what is exact in JavaScript the nearest that we have will do.
            (.string("99999999999999999999"), .max), (.string("-99999999999999999999"), -.max),
        ] as [(JSONValue, Int64?)])
    func integer(value: JSONValue, expected: Int64?) {
        #expect(value.javaScriptInteger == expected)
    }

    @Test(
        "Number(value), where it is a finite number",
        arguments: [
            (.null, 0), (.bool(true), 1), (.bool(false), 0), (.number(1.5), 1.5), (.number(1e21), 1e21),
            (.string(""), 0), (.string("  "), 0), (.string("12"), 12), (.string(" 12 "), 12),
            (.string("\u{feff}12\u{a0}"), 12), (.string("1e3"), 1_000), (.string("1E3"), 1_000),
            (.string("1e+3"), 1_000), (.string(".5"), 0.5), (.string("5."), 5), (.string("+5"), 5),
            (.string("-5"), -5), (.string("00012"), 12), (.string("\n12\t"), 12), (.string("1e-400"), 0),
            (.string("0x10"), 16), (.string("0XfF"), 255), (.string("0b11"), 3), (.string("0o17"), 15),
            (.array([]), 0), (.array([.number(5)]), 5), (.array([.array([.string("7")])]), 7),
            (.array([.null]), 0),
        ] as [(JSONValue, Double)])
    func number(value: JSONValue, expected: Double) {
        #expect(value.javaScriptNumber == expected)
    }

    @Test(
        "and where it is none",
        arguments: [
            .string("\u{85}12"), .string("- 5"), .string("--5"), .string("-0x10"), .string("Infinity"),
            .string("-Infinity"), .string("inf"), .string("nan"), .string("NaN"), .string("1_000"),
            .string("1,000"), .string("12px"), .string("1e"), .string("e5"), .string("."), .string("+"),
            .string("-"), .string("1e400"), .string("-1e400"), .string("１２"), .string("٣"), .string("1.2.3"),
            .string("1 2"), .string("0x"), .string("0b2"), .string("0x-1"), .array([.object([:])]),
            .array([.bool(true)]), .string("1e3.5"), .array([.number(1), .number(2)]), .object([:]),
            .number(.infinity), .number(.nan),
        ] as [JSONValue])
    func notANumber(value: JSONValue) {
        #expect(value.javaScriptNumber == nil)
    }

    @Test(
        "trim()",
        arguments: [
            ("  a ", "a"), ("\u{feff}a\u{feff}", "a"), ("\u{a0}\u{2003}a\u{3000}", "a"),
            ("\u{2028}a\u{2029}", "a"), ("\t\n\u{b}\u{c}\r a b \r\n", "a b"), ("", ""), ("   ", ""),
            ("\u{1680}a\u{202f}\u{205f}", "a"),
            // What JavaScript doesn't take for space.
            ("\u{85}a\u{85}", "\u{85}a\u{85}"), ("\u{200b}a\u{200b}", "\u{200b}a\u{200b}"),
            ("\u{180e}a", "\u{180e}a"), ("\u{1c}a\u{1f}", "\u{1c}a\u{1f}"),
            // A mark behind a space makes another character of it in Swift, and none in JavaScript.
            (" \u{301}a", "\u{301}a"),
        ])
    func trim(text: String, expected: String) {
        #expect(Array(text.javaScriptTrimmed.unicodeScalars) == Array(expected.unicodeScalars))
    }

    @Test(
        "slice(0, 5), but no character is cut in half",
        arguments: [
            ("abcdef", "abcde"), ("abcde", "abcde"), ("", ""), ("abc🚂x", "abc🚂"), ("abcd🚂", "abcd"),
            ("🚂🚂🚂", "🚂🚂"), ("aaaa\u{301}b", "aaaa\u{301}"), ("e\u{301}e\u{301}e\u{301}", "e\u{301}e\u{301}e"),
        ])
    func slice(text: String, expected: String) {
        #expect(Array(text.prefixUTF16(5).unicodeScalars) == Array(expected.unicodeScalars))
        #expect(text.prefixUTF16(5).utf16.count <= 5)
    }

    @Test("nothing is cut to nothing, and a text that fits stays as it is")
    func sliceEdges() {
        #expect("abc".prefixUTF16(0) == "")
        #expect("🚂".prefixUTF16(1) == "")
        #expect("🚂".prefixUTF16(2) == "🚂")
        #expect("abc".prefixUTF16(1_000) == "abc")
    }
}
