import Testing
@testable import SignalboxMetrics

@Suite("An alert's state")
struct AlertStateTests {
    private static let minute: Int64 = 60_000
    private static let start: Int64 = 1_781_526_840_000

    /// A rule that fires after `hold` minutes and ends after `keep`.
    private func rule(hold: Int, keep: Int) -> AlertRule {
        AlertRule(
            name: .requestsSlow, severity: .warning, condition: .all([]), hold: hold,
            keep: keep, summary: "", description: "")
    }

    /// What happens in each of the minutes, `#` where the condition holds.
    private func run(_ minutes: String, hold: Int, keep: Int, told: Bool = true) -> [String] {
        var state = AlertState()
        return minutes.enumerated().map { index, sign in
            let now = Self.start + Int64(index) * Self.minute
            let change = state.advance(to: now, holds: sign == "#", rule(hold: hold, keep: keep))
            if told, state.phase == .firing { state.toldAt = now }
            return change?.text ?? state.phase.rawValue
        }
    }

    @Test("without a time to hold it fires at once and ends at once")
    func immediate() {
        #expect(run(".##.", hold: 0, keep: 0) == ["inactive", "fired", "firing", "resolved"])
    }

    @Test("it fires when the condition has held for the whole time, not a minute before")
    func hold() {
        #expect(run("###", hold: 2, keep: 0) == ["pending", "pending", "fired"])
        #expect(run("##.##", hold: 2, keep: 0) == ["pending", "pending", "inactive", "pending", "pending"])
    }

    @Test(
        "it ends when the condition has been away for the whole time; a return in between doesn't count anew")
    func keep() {
        #expect(run("#...", hold: 0, keep: 2) == ["fired", "firing", "firing", "resolved"])
        #expect(run("#..#...", hold: 0, keep: 2).filter { $0 == "fired" } == ["fired"])
    }

    @Test(
        "an end that nobody heard of stays until it is told; one whose beginning nobody heard of is no news")
    func untold() {
        var state = AlertState()
        _ = state.advance(to: Self.start, holds: true, rule(hold: 0, keep: 0))
        #expect(
            state.advance(to: Self.start + Self.minute, holds: false, rule(hold: 0, keep: 0)) == .resolved)
        #expect(state == AlertState())
        _ = state.advance(to: Self.start, holds: true, rule(hold: 0, keep: 0))
        state.toldAt = Self.start
        _ = state.advance(to: Self.start + Self.minute, holds: false, rule(hold: 0, keep: 0))
        #expect(state.phase == .resolved)
        #expect(
            state.advance(to: Self.start + 2 * Self.minute, holds: true, rule(hold: 0, keep: 0)) == .fired)
        #expect(state.toldAt == 0)
    }

    @Test("an end that is still to be told outlives a condition that comes back for a moment")
    func endKept() {
        var state = AlertState()
        func minute(_ place: Int64, _ holds: Bool) {
            _ = state.advance(to: Self.start + place * Self.minute, holds: holds, rule(hold: 1, keep: 0))
        }
        for (place, holds) in [(0, true), (1, true)] as [(Int64, Bool)] { minute(place, holds) }
        state.toldAt = Self.start
        minute(2, false)
        #expect(state.phase == .resolved)
        minute(3, true)
        #expect(state.phase == .pending)
        minute(4, false)
        #expect(state.phase == .resolved)
    }

    @Test("a clock that is set back keeps nothing as it is")
    func clockSetBack() {
        var state = AlertState()
        _ = state.advance(to: Self.start + 1_000 * Self.minute, holds: true, rule(hold: 2, keep: 0))
        for place: Int64 in 0..<3 {
            _ = state.advance(to: Self.start + place * Self.minute, holds: true, rule(hold: 2, keep: 0))
        }
        #expect(state.phase == .firing)
    }
}
