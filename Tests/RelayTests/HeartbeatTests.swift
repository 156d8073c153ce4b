import NIOCore
import Testing
import Web
@testable import Relay

@Suite("Signs of life in a room")
struct HeartbeatTests {
    private func shown(_ roster: Roster, now: Int64) -> String {
        var json = JSONWriter()
        roster.writeParticipants(to: &json, now: now, lastBroadcast: 0)
        return String(buffer: json.buffer)
    }

    private func beat(_ roster: inout Roster, _ name: String, key: String? = nil, at now: Int64)
        -> Roster.Beat
    {
        roster.beat(name, boxPublicKey: key, now: now)
    }

    @Test("a new name or another key is news, and a name that was known isn't")
    func news() {
        var roster = Roster()
        #expect(beat(&roster, "ann", at: 0) == .news)
        #expect(beat(&roster, "ann", at: 10) == .life)
        #expect(beat(&roster, "ann", key: "KEY", at: 20) == .news)
        #expect(beat(&roster, "ann", key: "KEY", at: 30) == .life)
        #expect(beat(&roster, "ann", key: "OTHER", at: 40) == .news)
        #expect(beat(&roster, "ann", at: 50) == .news)
        #expect(roster.heartbeatCount == 1)
    }

    @Test("names stand in the order in which they came, however often they beat")
    func order() {
        var roster = Roster()
        for (index, name) in ["zoe", "ann", "bob", "ann", "zoe"].enumerated() {
            _ = beat(&roster, name, key: name == "bob" ? "KEY" : nil, at: Int64(index) * 10)
        }
        #expect(
            shown(roster, now: 100)
                == #"[{"name":"zoe","last_seen_ms_ago":60},{"name":"ann","last_seen_ms_ago":70},"#
                + #"{"name":"bob","last_seen_ms_ago":80,"box_pub":"KEY"}]"#)
    }

    @Test("defect 7: a name expires 60 s after its last sign of life, to the millisecond")
    func expiry() {
        var roster = Roster()
        _ = beat(&roster, "ann", at: 0)
        _ = beat(&roster, "bob", at: 1)
        var gone = roster.pruneHeartbeats(now: 60_000)
        #expect(gone == 0)
        #expect(shown(roster, now: 60_000).contains("ann"))
        // Not shown any more, even before it is dropped.
        #expect(!shown(roster, now: 60_001).contains("ann"))
        gone = roster.pruneHeartbeats(now: 60_001)
        #expect(gone == 1)
        #expect(roster.heartbeatCount == 1)
        #expect(!roster.hasHeartbeat("ann") && roster.hasHeartbeat("bob"))
        gone = roster.pruneHeartbeats(now: 200_000)
        #expect(gone == 1)
        #expect(shown(roster, now: 200_000) == "[]")
    }

    @Test("a name that comes back after that is news and stands last")
    func back() {
        var roster = Roster()
        _ = beat(&roster, "ann", at: 0)
        _ = beat(&roster, "bob", at: 50_000)
        _ = roster.pruneHeartbeats(now: 60_001)
        #expect(beat(&roster, "ann", at: 60_001) == .news)
        #expect(
            shown(roster, now: 60_001)
                == #"[{"name":"bob","last_seen_ms_ago":10001},{"name":"ann","last_seen_ms_ago":0}]"#)
    }

    @Test("a subscriber of that name is shown in its place, and a sign of life is no news then")
    func hidden() {
        var roster = Roster()
        _ = beat(&roster, "bob", key: "OLD", at: 0)
        roster.size = 1
        roster[1] = .init(name: "bob", boxPublicKey: "KEY", lastSeen: 5, isEventStream: false)
        #expect(shown(roster, now: 10) == #"[{"name":"bob","box_pub":"KEY","last_seen_ms_ago":5}]"#)
        #expect(beat(&roster, "bob", key: "NEW", at: 20) == .life)
        // Once the stream is gone the name lives on by its signs of life.
        roster[1] = nil
        #expect(shown(roster, now: 30) == #"[{"name":"bob","last_seen_ms_ago":10,"box_pub":"NEW"}]"#)
    }

    @Test("subscribers stand first, and `names` lists them alone")
    func subscribersFirst() {
        var roster = Roster()
        _ = beat(&roster, "ann", at: 0)
        roster.size = 1
        roster[7] = .init(name: "zoe", boxPublicKey: nil, lastSeen: 0, isEventStream: false)
        #expect(
            String(buffer: roster.presence(now: 0, lastBroadcast: 0))
                == #"{"type":"presence","size":1,"names":["zoe"],"participants":["#
                + #"{"name":"zoe","last_seen_ms_ago":0},{"name":"ann","last_seen_ms_ago":0}]}"#)
    }

    @Test("a clock set back makes nobody seen in the future, and drops nobody")
    func clockBack() {
        var roster = Roster()
        _ = beat(&roster, "ann", at: 100_000)
        let gone = roster.pruneHeartbeats(now: 5)
        #expect(gone == 0)
        #expect(shown(roster, now: 5) == #"[{"name":"ann","last_seen_ms_ago":0}]"#)
    }

    @Test("at a room's end all go, and it is told how many")
    func removeAll() {
        var roster = Roster()
        for number in 0..<5 { _ = beat(&roster, "name-\(number)", at: 0) }
        let gone = roster.removeHeartbeats()
        #expect(gone == 5)
        #expect(roster.heartbeatCount == 0)
    }
}
