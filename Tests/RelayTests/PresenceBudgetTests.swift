import NIOCore
import Testing
@testable import Relay

@Suite("The pace of presence in large rooms")
struct PresenceBudgetTests {
    private let start = NIODeadline.uptimeNanoseconds(5_000_000_000)

    private func touch(
        _ pacing: inout PresencePacing, at milliseconds: Int64, readers: Int, _ change: PresencePacing.Change,
        participants: Int = 10
    ) -> String {
        switch pacing.touch(
            now: start + .milliseconds(milliseconds), participants: participants, readers: readers,
            change: change)
        {
        case .now: "now"
        case .later(let time): "at \((time - start).nanoseconds / 1_000_000)"
        case .already: "already"
        }
    }

    private func isDue(_ pacing: inout PresencePacing, _ milliseconds: Int64) -> Bool {
        let time = start + .milliseconds(milliseconds)
        return pacing.isDue(time, now: time)
    }

    /// A room to which a frame of so many bytes has just gone out.
    private func sent(_ bytes: Int) -> PresencePacing {
        var pacing = PresencePacing()
        _ = pacing.touch(now: start, participants: 10, readers: 1)
        pacing.sent(bytes: bytes)
        return pacing
    }

    @Test(
        "a frame times its readers is paid off at 16 MB a second, for at most three",
        arguments: [
            (100, 10, "at 250"), (16_000, 250, "at 250"), (16_000, 251, "at 251"), (16_000, 500, "at 500"),
            (160_000, 200, "at 2000"), (160_000, 300, "at 3000"), (1_000_000, 10_000, "at 3000"),
        ])
    func people(bytes: Int, readers: Int, expected: String) {
        var pacing = sent(bytes)
        #expect(touch(&pacing, at: 1, readers: readers, .people) == expected)
    }

    @Test(
        "when only times of last sight moved on, at 2 MB a second, for at most twenty",
        arguments: [
            (100, 10, "at 250"), (2_000, 250, "at 250"), (2_000, 251, "at 251"), (16_000, 500, "at 4000"),
            (160_000, 200, "at 16000"), (160_000, 300, "at 20000"), (1_000_000, 10_000, "at 20000"),
        ])
    func lastSeen(bytes: Int, readers: Int, expected: String) {
        var pacing = sent(bytes)
        #expect(touch(&pacing, at: 1, readers: readers, .lastSeen) == expected)
    }

    @Test("a room of many keeps to a second however small its frames are")
    func manyParticipants() {
        var pacing = sent(10)
        #expect(touch(&pacing, at: 1, readers: 1, .lastSeen, participants: 101) == "at 1000")
    }

    @Test("who comes or goes brings a far-off frame forward, and it is sent once")
    func broughtForward() {
        var pacing = sent(16_000)
        #expect(touch(&pacing, at: 10, readers: 500, .lastSeen) == "at 4000")
        #expect(touch(&pacing, at: 20, readers: 500, .lastSeen) == "already")
        #expect(touch(&pacing, at: 30, readers: 500, .people) == "at 500")
        #expect(touch(&pacing, at: 40, readers: 500, .people) == "already")
        #expect(isDue(&pacing, 500))
        #expect(!isDue(&pacing, 4_000))
    }

    @Test("once the time of the people has come, a change goes out at once in the far-off frame's place")
    func inItsPlace() {
        var pacing = sent(16_000)
        #expect(touch(&pacing, at: 10, readers: 500, .lastSeen) == "at 4000")
        #expect(touch(&pacing, at: 600, readers: 500, .people) == "now")
        #expect(!isDue(&pacing, 4_000))
        #expect(touch(&pacing, at: 700, readers: 500, .lastSeen) == "at 4600")
    }

    @Test("a time of last sight never puts off what is due sooner")
    func neverLater() {
        var pacing = sent(16_000)
        #expect(touch(&pacing, at: 10, readers: 500, .people) == "at 500")
        #expect(touch(&pacing, at: 20, readers: 500, .lastSeen) == "already")
        #expect(isDue(&pacing, 500))
    }

    @Test("a frame is due at its own time only, and once")
    func due() {
        var pacing = sent(16_000)
        #expect(!isDue(&pacing, 0))
        #expect(touch(&pacing, at: 10, readers: 500, .people) == "at 500")
        #expect(!isDue(&pacing, 499))
        #expect(isDue(&pacing, 500))
        #expect(!isDue(&pacing, 500))
    }

    @Test("a frame that is overdue goes out by itself; nothing else is sent for it")
    func overdue() {
        var pacing = sent(16_000)
        #expect(touch(&pacing, at: 10, readers: 500, .people) == "at 500")
        #expect(touch(&pacing, at: 5_000, readers: 500, .people) == "already")
        let sent = pacing.isDue(start + .milliseconds(500), now: start + .milliseconds(5_001))
        #expect(sent)
        #expect(touch(&pacing, at: 5_002, readers: 500, .people) == "at 5501")
    }

    @Test("after a small frame the room is quick again")
    func quickAgain() {
        var pacing = sent(1_000_000)
        #expect(touch(&pacing, at: 1, readers: 1_000, .people) == "at 3000")
        #expect(isDue(&pacing, 3_000))
        pacing.sent(bytes: 100)
        #expect(touch(&pacing, at: 3_001, readers: 10, .people) == "at 3250")
    }

    @Test("whatever happens, signs of life cost at most their budget a second", arguments: [100, 500, 2_000])
    func bounded(readers: Int) {
        var pacing = PresencePacing()
        let frame = 60 * readers
        var total = 0
        var due: Int64?
        for millisecond in stride(from: 0, to: 120_000, by: 5) as StrideTo<Int64> {
            if let time = due, time <= millisecond {
                let now = start + .milliseconds(millisecond)
                if pacing.isDue(start + .milliseconds(time), now: now) {
                    total += frame * readers
                    pacing.sent(bytes: frame)
                }
                due = nil
            }
            switch touch(&pacing, at: millisecond, readers: readers, .lastSeen, participants: readers) {
            case "now":
                total += frame * readers
                pacing.sent(bytes: frame)
            case let later where later.hasPrefix("at "): due = Int64(later.dropFirst(3))
            default: break
            }
        }
        // But for the first frame, and for rooms in which a frame is dearer than twenty seconds' worth.
        let budget = max(2_000_000 * 120, frame * readers * 6)
        #expect(total <= budget + frame * readers)
        #expect(total >= frame * readers * 6)
    }
}
