import Testing
@testable import Web

@Suite("JSON values")
struct JSONValueTests {
    @Test(
        "are true where JavaScript takes them for true",
        arguments: [
            (JSONValue.null, false), (.bool(false), false), (.bool(true), true), (.number(0), false),
            (.number(.nan), false), (.number(-1), true), (.string(""), false), (.string("0"), true),
            (.array([]), true),
            (.object([:]), true),
        ])
    func truth(value: JSONValue, expected: Bool) {
        #expect(value.isTruthy == expected)
    }

    @Test("only an object has members and only a string is a text")
    func access() {
        #expect(JSONValue.object(["a": .null])["a"] == .null)
        #expect(JSONValue.array([.string("a")])["a"] == nil)
        #expect(JSONValue.number(1).string == nil)
        #expect(JSONValue.array([.string("a")]).string == nil)
    }
}
