import NIOCore
import Testing
@testable import Relay

@Suite("The pace of presence")
struct PresencePacingTests {
    private let start = NIODeadline.uptimeNanoseconds(5_000_000_000)

    /// What is decided, in words that can be compared.
    private func touch(_ pacing: inout PresencePacing, _ delay: TimeAmount, participants: Int = 10) -> String
    {
        switch pacing.touch(now: start + delay, participants: participants, readers: 1) {
        case .now: "now"
        case .later(let time): "at \((time - start).nanoseconds / 1_000_000)"
        case .already: "already"
        }
    }

    @Test("after quiet it is sent at once")
    func atOnce() {
        var pacing = PresencePacing()
        #expect(touch(&pacing, .zero) == "now")
        #expect(touch(&pacing, .milliseconds(250)) == "now")
    }

    @Test("within 250 ms it waits, once for all")
    func waits() {
        var pacing = PresencePacing()
        #expect(touch(&pacing, .zero) == "now")
        #expect(touch(&pacing, .milliseconds(1)) == "at 250")
        #expect(touch(&pacing, .milliseconds(2)) == "already")
        #expect(touch(&pacing, .milliseconds(300)) == "already")
        let isDue = pacing.isDue(start + .milliseconds(250), now: start + .milliseconds(310))
        #expect(isDue)
        #expect(touch(&pacing, .milliseconds(320)) == "at 560")
    }

    @Test("above 100 participants it waits a second")
    func large() {
        var pacing = PresencePacing()
        #expect(touch(&pacing, .zero, participants: 101) == "now")
        #expect(touch(&pacing, .milliseconds(999), participants: 101) == "at 1000")
        var small = PresencePacing()
        #expect(touch(&small, .zero, participants: 100) == "now")
        #expect(touch(&small, .milliseconds(999), participants: 100) == "now")
    }

    @Test("a frame that was given up doesn't hold back the next")
    func forgotten() {
        var pacing = PresencePacing()
        #expect(touch(&pacing, .zero) == "now")
        #expect(touch(&pacing, .milliseconds(10)) == "at 250")
        pacing.forget()
        #expect(touch(&pacing, .milliseconds(400)) == "now")
    }

    @Test("however often a room is touched, it sends four frames a second")
    func bounded() {
        var pacing = PresencePacing()
        var sent = 0
        var due: Int64?
        for millisecond in 0..<10_000 as Range<Int64> {
            if due == millisecond {
                let time = start + .milliseconds(millisecond)
                let isDue = pacing.isDue(time, now: time)
                #expect(isDue)
                due = nil
                sent += 1
            }
            switch pacing.touch(now: start + .milliseconds(millisecond), participants: 10, readers: 1) {
            case .now: sent += 1
            case .later(let time): due = (time - start).nanoseconds / 1_000_000
            case .already: break
            }
        }
        #expect(sent == 40)
    }
}
