import Testing

@testable import Dashboard
@testable import SignalboxMetrics

@Suite struct ServerStateTests {
    private func state(_ change: (inout StatsInput) -> Void = { _ in }) -> ServerState {
        var input = quietInput()
        change(&input)
        return ServerState(input, LastHour(input.recent, now: input.now))
    }

    @Test func aQuietServerIsClear() {
        let state = state()
        #expect(state.level == .clear)
        #expect(state.headline == "All clear")
        #expect(state.facts == ["running for 3d 04:05", "last flush 30 s ago", "no 5xx in the last hour"])
    }

    @Test func aServerJustStartedIsClear() {
        let state = state {
            $0.startedAt = noon - 20_000
            $0.lastFlushAt = 0
            $0.recent = []
        }
        #expect(state.level == .clear)
        #expect(state.facts.contains("first flush within a minute"))
    }

    @Test func anOverdueFlushIsSaidFirst() {
        let late = state { $0.lastFlushAt = noon - 430_000 }
        #expect(late.level == .danger)
        #expect(late.headline == "Store flush overdue: last one 7 min ago")
        #expect(!late.facts.contains { $0.hasPrefix("last flush") })
        #expect(state { $0.lastFlushAt = 0 }.headline == "Nothing written to the store since the start")
    }

    @Test func serverErrorsOfTheLastHourAreCounted() {
        let state = state { input in
            input.recent[10][.http5xx] = 2
            input.recent[50][.http5xx] = 1
            input.recent.insert(minutePoint(age: 61) { $0[.http5xx] = 100 }, at: 0)
        }
        #expect(state.level == .danger)
        #expect(state.headline == "3 × 5xx in the last hour")
        #expect(!state.facts.contains("no 5xx in the last hour"))
    }

    @Test func theWorstFindingLeads() {
        let state = state { input in
            input.gauges[.activeRooms] = 4_900
            input.recent[59][.http5xx] = 1
        }
        #expect(state.headline == "1 × 5xx in the last hour")
        #expect(state.facts.first == "Rooms at 98% of ROOMS_MAX")
    }

    @Test func bounds() {
        #expect(
            state { $0.gauges[.roomBufferBytes] = 536_870_912 }.headline
                == "Message memory at 100% of its limit")
        #expect(state { $0.gauges[.roomsLimit] = 0 }.level == .clear, "no limit known")
        #expect(state { $0.storesSetAside = 1 }.level == .danger)
    }

    @Test func anUncleanEndIsNewsForAnHour() {
        let fresh = state {
            $0.lastRunEndedCleanly = false
            $0.startedAt = noon - 600_000
        }
        #expect(fresh.level == .caution)
        #expect(fresh.headline == "The last run did not end cleanly")
        #expect(
            state { $0.lastRunEndedCleanly = false }.level == .clear, "after three days it is in the card")
    }
}
