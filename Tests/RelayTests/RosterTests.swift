import NIOCore
import Testing
import Web
@testable import Relay

@Suite("Names in a room")
struct RosterTests {
    @Test(
        "a plain name passes as it is",
        arguments: [
            "a", "Agent-7", "@handle", "a.b_c-d@e", "Zoë", "日本", "🚂", "\u{a0}",
            String(repeating: "x", count: 64),
        ])
    func good(name: String) {
        #expect(Roster.name(name) == name)
    }

    @Test(
        "a name with anything else is refused",
        arguments: [
            "", " ", "a b", "a\nb", "<b>", "a/b", "a:b", "\0", "a\u{9f}", "\u{7f}", "é<", "\"", "a'b", "a,b",
        ])
    func bad(name: String) {
        #expect(Roster.name(name) == nil)
    }

    @Test("a longer name is cut at 64 UTF-16 units, and what is cut off isn't looked at")
    func long() {
        let long = String(repeating: "x", count: 64)
        #expect(Roster.name(long + "y") == long)
        #expect(Roster.name(long + "<script>") == long)
        #expect(Roster.name(String(repeating: "🚂", count: 40)) == String(repeating: "🚂", count: 32))
    }

    @Test("a character that would be cut in half is left out")
    func halfACharacter() {
        let name = "x" + String(repeating: "🚂", count: 40)
        #expect(Roster.name(name) == "x" + String(repeating: "🚂", count: 31))
    }

    private func roster() -> Roster {
        var roster = Roster()
        roster.size = 4
        roster[2] = .init(name: "bob", boxPublicKey: "KEY", lastSeen: 900, isEventStream: false)
        roster[1] = .init(name: "ann", boxPublicKey: nil, lastSeen: 400, isEventStream: true)
        roster[3] = .init(name: "bob", boxPublicKey: nil, lastSeen: 999, isEventStream: false)
        return roster
    }

    @Test("presence lists each name once in order of joining, with the original's members in its order")
    func presence() {
        let json = String(buffer: roster().presence(now: 1_000, lastBroadcast: 700))
        // Ann's stream has seen the last broadcast, whenever she said her name.
        #expect(
            json
                == #"{"type":"presence","size":4,"names":["ann","bob"],"participants":["#
                + #"{"name":"ann","last_seen_ms_ago":300},"#
                + #"{"name":"bob","box_pub":"KEY","last_seen_ms_ago":100}]}"#)
    }

    @Test("a clock set back doesn't make somebody seen in the future")
    func clockBack() {
        let json = String(buffer: roster().presence(now: 100, lastBroadcast: 700))
        #expect(!json.contains("-"))
    }
}
