import Testing
@testable import Relay

@Suite("Room ids")
struct RoomIDTests {
    @Test(
        "4 to 64 of the plain characters pass",
        arguments: ["abcd", "A_-9", String(repeating: "x", count: 64)])
    func good(text: String) {
        #expect(RoomID(text)?.text == text)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "abc", String(repeating: "x", count: 65), "ab d", "abc/", "abc.", "äbcd", "abcd\n", "abcd\0",
            "ａbcd",
        ])
    func bad(text: String) {
        #expect(RoomID(text) == nil)
    }

    @Test("case makes another room")
    func caseMatters() {
        #expect(RoomID("Room") != RoomID("room"))
    }
}
