import Testing
@testable import Relay

@Suite("Handles")
struct HandleTests {
    private static let long = String(repeating: "a", count: 32)

    @Test(
        "a handle is 2 to 32 of a-z, 0-9, _ and -, and begins with a letter or digit",
        arguments: ["ab", "a1", "1a", "00", "a-", "a_", "a-b_c", long])
    func good(text: String) {
        #expect(Handle(text)?.text == text)
    }

    @Test(
        "anything else is none",
        arguments: [
            "", "a", "-a", "_a", "A1", "aB", "a.b", "a b", "a@b", "@ab", "a\n", "a\0b", "ab\r\n", long + "a",
            // Look-alikes: Kelvin sign, full-width letters, a dotted capital I, combining marks, Cyrillic.
            "\u{212a}elvin", "ａｂ", "İa", "a\u{301}b", "ab\u{301}", "аb", "ſs", "ⓐb", "a\u{200b}b", "９９",
        ])
    func bad(text: String) {
        #expect(Handle(text) == nil)
    }

    @Test(
        "in a path one leading @ and upper case are forgiven, and what JavaScript makes lower case",
        arguments: [
            ("alice", "alice"), ("@alice", "alice"), ("ALICE", "alice"), ("@Al-Ice_9", "al-ice_9"),
            // toLowerCase() makes a plain k of the Kelvin sign; the original takes it too.
            ("\u{212a}elvin", "kelvin"),
        ])
    func path(parameter: String, expected: String) {
        #expect(Handle(path: parameter)?.text == expected)
    }

    @Test(
        "what isn't one in a path either",
        arguments: ["", "@", "@@ab", "a", " ab", "ab ", "ＡＢ", "İstanbul", "@\u{301}ab", "ab@", "ab/", "_ab"])
    func badPath(parameter: String) {
        #expect(Handle(path: parameter) == nil)
    }

    @Test(
        "room routes take a little more for one",
        arguments: [
            ("a", true), ("_", true), ("-a", true), (long, true), ("ab", true), ("", false),
            (long + "a", false),
            ("A", false), ("a.b", false), ("é", false), ("a\n", false),
        ])
    func loose(text: String, expected: Bool) {
        #expect(Handle.isLoose(text) == expected)
    }

    @Test("reserved names are handles, or nobody could register them")
    func reserved() {
        #expect(Handle.reserved.count == 9)
        #expect(Handle.reserved.allSatisfy { Handle($0) != nil })
    }
}
