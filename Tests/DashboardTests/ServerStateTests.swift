import Testing

@testable import Dashboard
@testable import SignalboxMetrics

@Suite struct ServerStateTests {
    private func state(_ change: (inout StatsInput) -> Void = { _ in }) -> ServerState {
        var input = quietInput()
        change(&input)
        return ServerState(input, findings(input))
    }

    private func findings(_ input: StatsInput) -> Findings {
        Findings(input, LastHour(input.recent, now: input.now))
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
        #expect(state.since == "since 12:34")
        #expect(state.facts.first == "1 more alert")
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

    @Test func whatIsWrongSaysSinceWhen() throws {
        var input = quietInput()
        for index in input.recent.indices { input.recent[index][.requestsTimed] = 100 }
        for age in 0..<7 { input.recent[59 - age][.requestP99] = 1_500_000 }
        input.recent[30][.requestP99] = 9_000_000
        for index in 40..<60 {
            input.recent[index][.activeRooms] = 4_700
            input.recent[index][.roomsLimit] = 5_000
        }
        input.gauges[.activeRooms] = 4_700
        let list = findings(input).list
        #expect(list.map(\.kind) == [.slowRequests, .roomsNearCap])
        #expect(list[0].text == "Requests are slow: p99 1.5 s")
        #expect(list[0].since == input.recent[53].t)
        #expect(list[1].since == input.recent[40].t)
        let rows = AlertRows(input, findings(input)).rows
        #expect(rows[0].since == "since 12:28, 6 min")
        #expect(rows[0].href == "/admin/stats?range=1h&metric=request_p99_us#usage")
    }

    @Test func aMinuteOfSlownessThatIsOverIsNoAlert() {
        var input = quietInput()
        input.recent[57][.deliveriesWS] = 1_000
        input.recent[57][.deliveryP99] = 4_000_000
        #expect(findings(input).list.isEmpty)
    }

    @Test func theSlowestOfAHandfulSaysNothing() {
        var input = quietInput()
        input.recent[59][.deliveryP99] = 4_000_000
        input.recent[59][.deliveriesSSE] = 19
        #expect(findings(input).list.isEmpty)
        input.recent[59][.deliveriesPoll] = 1
        #expect(findings(input).list.map(\.kind) == [.slowDeliveries])
    }

    @Test func manyRefusalsAreSaidAndAFewAreNot() {
        var input = quietInput()
        for index in 55..<60 {
            input.recent[index][.http429] = 9
            input.recent[index][.httpRequests] = 50
        }
        #expect(findings(input).list.isEmpty, "45 in five minutes are usual")
        input.recent[59][.http429] = 40
        #expect(findings(input).list.map(\.kind) == [.manyLimited])
        for index in 55..<60 { input.recent[index][.httpRequests] = 5_000 }
        #expect(findings(input).list.isEmpty, "among so many requests they are few")
    }

    @Test func everyAlertThatHasAChartNamesAMetric() {
        for kind in Finding.Kind.allCases {
            if let metric = kind.metric { #expect(ChartMetric(metric) != nil, "\(kind)") }
        }
    }

    @Test func refusedLoginsAreCountedOverTheHour() {
        var input = quietInput()
        input.recent[5][.loginsRefused] = 6
        #expect(findings(input).list.isEmpty)
        input.recent[50][.loginsRefused] = 4
        let list = findings(input).list
        #expect(list.map(\.text) == ["10 refused logins in the last hour"])
        #expect(list.first?.since == input.recent[5].t)
    }

    @Test func aBoundThatIsReachedIsNoFault() {
        var input = quietInput()
        input.recent[50][.http5xx] = 7
        input.recent[50][.overCapacity] = 7
        let list = findings(input).list
        #expect(list.map(\.kind) == [.turnedAway])
        #expect(list.first?.level == .caution)
        #expect(findings(input).serverErrors == 0)
        let hour = LastHour(input.recent, now: input.now)
        #expect(!ServerState(input, findings(input)).facts.contains("no 5xx in the last hour"))
        let cards = StatsCards(input, hour).groups.flatMap(\.cards)
        #expect(cards.first { $0.name == "http_5xx" }?.tone == "caution")
        input.recent[55][.http5xx] = 1
        #expect(findings(input).list.map(\.kind) == [.serverErrors, .turnedAway])
    }
}
