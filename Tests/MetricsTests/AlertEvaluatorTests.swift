import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("The evaluator", .timeLimit(.minutes(5)))
struct AlertEvaluatorTests {
    private static let (hour, minute) = (Bench.hour, Bench.minute)

    /// A minute's sample of a healthy server.
    private static func sample(_ place: Int64, _ fill: (inout Point) -> Void = { _ in }) -> Point {
        var point = Point(t: hour + place * minute, lastT: hour + place * minute, samples: 1)
        point[.storeWritable] = 1
        point[.lastFlushTimestamp] = (hour + (place - 1) * minute) / 1_000
        point[.httpRequests] = 100
        fill(&point)
        return point
    }

    private func firing(_ evaluator: AlertEvaluator) -> [AlertKey] {
        evaluator.reports.filter { $0.state.phase == .firing }.map(\.key)
    }

    @Test("is silent for as long as all is well")
    func quiet() async throws {
        try await withTemporaryDirectory { directory in
            let evaluator = try Bench(directory).metrics.alerts
            for place: Int64 in 0..<120 { #expect(await evaluator.evaluate(Self.sample(place)).isEmpty) }
            #expect(evaluator.reports.isEmpty)
        }
    }

    @Test("fires on a burst of failed requests after two minutes, and says so once")
    func errors() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            let evaluator = bench.metrics.alerts
            var changes: [String] = []
            for place: Int64 in 0..<90 {
                let isBad = (10..<15).contains(place)
                let point = Self.sample(place) { if isBad { $0[.http5xx] = 20 } }
                for (key, change) in await evaluator.evaluate(point) {
                    changes.append("\(place) \(key.name) \(change)")
                }
                await evaluator.told(evaluator.reports.map { ($0.key, $0.state.phase) }, at: point.t)
            }
            #expect(changes.contains("12 errorBudgetBurnFast fired"))
            #expect(changes.filter { $0.hasSuffix("errorBudgetBurnFast fired") }.count == 1)
            #expect(changes.contains { $0.hasSuffix("errorBudgetBurnFast resolved") })
            #expect(
                bench.meter.total(.alertChanges(.fired)) == UInt64(changes.count { $0.hasSuffix("fired") }))
        }
    }

    @Test("doesn't count the dashboard's own 503s as failures")
    func ownRefusals() async throws {
        try await withTemporaryDirectory { directory in
            let evaluator = try Bench(directory).metrics.alerts
            for place: Int64 in 0..<20 {
                await evaluator.evaluate(
                    Self.sample(place) {
                        $0[.http5xx] = 50
                        $0[.overCapacityDashboard] = 50
                    })
            }
            #expect(firing(evaluator).isEmpty)
        }
    }

    @Test("tells a tight limit from a client that goes too far, each by its reason")
    func limits() async throws {
        try await withTemporaryDirectory { directory in
            let evaluator = try Bench(directory).metrics.alerts
            for place: Int64 in 0..<5 {
                await evaluator.evaluate(
                    Self.sample(place) {
                        $0[.limitedRoomRate] = 40
                        $0[.clientsRoomRate] = place == 0 ? 9 : 0
                        $0[.limitedDmRate] = 40
                        $0[.clientsDmRate] = place == 0 ? 1 : 0
                        $0[.limitedAuthRate] = 5
                    })
            }
            #expect(
                firing(evaluator) == [
                    AlertKey(.limitTooTight, reason: .roomRate),
                    AlertKey(.clientMisbehaving, reason: .dmRate),
                ])
        }
    }

    @Test("knows what is usual at this time of the day and of the week", arguments: [1_440, 7 * 1_440])
    func usual(ago: Int64) async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await bench.put(
                (0..<15).map { place in
                    Self.sample(10 - place - ago) { $0[.limitedRoomRate] = 15 }
                }, in: .minutes)
            let evaluator = bench.metrics.alerts
            for place: Int64 in 0...10 {
                await evaluator.evaluate(Self.sample(place) { $0[.limitedRoomRate] = 50 })
            }
            #expect(firing(evaluator).isEmpty)
        }
    }

    @Test("goes on after a restart without beginning anew, and looks back on what was before it")
    func restart() async throws {
        try await withTemporaryDirectory { directory in
            let first = try Bench(directory)
            for place: Int64 in 0..<4 {
                let point = Self.sample(place) { $0[.http5xx] = 20 }
                await first.metrics.alerts.evaluate(point)
                try await first.put([point], in: .minutes)
            }
            let told = first.metrics.alerts.reports
            #expect(told.contains { $0.key == AlertKey(.errorBudgetBurnFast) && $0.state.phase == .firing })
            await first.metrics.alerts.told(told.map { ($0.key, $0.state.phase) }, at: Self.sample(4).t)

            let second = try Bench(directory).metrics.alerts
            let changes = await second.evaluate(Self.sample(5))
            #expect(!changes.contains { $0.change == .fired && $0.key == AlertKey(.errorBudgetBurnFast) })
            let after = second.reports.first { $0.key == AlertKey(.errorBudgetBurnFast) }
            #expect(after?.state.phase == .firing)
            #expect(after?.state.since == Self.sample(0).t)
            #expect(after?.state.toldAt == Self.sample(4).t)
        }
    }

    @Test("evaluates what is in memory while the store refuses everything")
    func withoutStore() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            let evaluator = bench.metrics.alerts
            await evaluator.evaluate(Self.sample(0))
            try await bench.store.database.write {
                try $0.run("DROP TABLE alert_states; DROP TABLE alert_events; DROP TABLE alert_silences")
            }
            for place: Int64 in 1..<5 {
                await evaluator.evaluate(Self.sample(place) { $0[.storeWritable] = 0 })
            }
            #expect(firing(evaluator) == [AlertKey(.storeNotWriting)])
            #expect(bench.meter.total(.alertEvaluations(.failed)) == 4)
        }
    }

    @Test("while nobody knows what is silenced, nothing is told for two minutes")
    func unknownSilences() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await bench.store.database.write { try $0.run("DROP TABLE alert_silences") }
            let evaluator = bench.metrics.alerts
            var told: [Bool] = []
            for place: Int64 in 0..<4 {
                await evaluator.evaluate(Self.sample(place))
                told.append(evaluator.mayBeTold)
            }
            #expect(told == [false, false, true, true])
        }
        try await withTemporaryDirectory { directory in
            let evaluator = try Bench(directory).metrics.alerts
            await evaluator.evaluate(Self.sample(0))
            #expect(evaluator.mayBeTold)
        }
    }

    @Test("a silence is of one alert or of all, ends by itself, and lasts 30 days at most")
    func silences() async throws {
        try await withTemporaryDirectory { directory in
            let book = try Bench(directory).metrics.alerts.book
            let now = Self.hour
            try await book.silence(.historyGap, until: now + 1_000, now: now)
            try await book.silence(nil, until: .max, now: now)
            let both = try await book.silences(now: now)
            #expect(both.count == 2)
            #expect(both.until(.historyGap) == now + AlertBook.longestSilenceMilliseconds)
            try await book.silence(nil, until: nil, now: now)
            #expect(try await book.silences(now: now).count == 0)
            try await book.silence(.historyGap, until: now + 1_000, now: now)
            #expect(try await book.silences(now: now + 1_000).until(.historyGap) == nil)
        }
    }

    @Test("minutes without a sample are counted, downtime too, and a new store has missed none")
    func missedSamples() async throws {
        try await withTemporaryDirectory { directory in
            let first = try Bench(directory)
            await first.metrics.flush(at: Self.hour)
            await first.metrics.flush(at: Self.hour + Self.minute)
            #expect(first.meter.total(.missedSamples) == 0)
            await first.metrics.flush(at: Self.hour + 4 * Self.minute)
            #expect(first.meter.total(.missedSamples) == 2)
            await first.metrics.close(at: Self.hour + 5 * Self.minute)
            let second = try Bench(directory)
            await second.metrics.flush(at: Self.hour + 16 * Self.minute)
            #expect(second.meter.total(.missedSamples) == 12)
        }
    }

    @Test("whoever meets a limit counts once in 15 minutes, for each limit, whenever they begin")
    func limitedClients() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, now: Self.hour + 6 * Self.minute)
            func meet() {
                for who in [1, 2, 1, 2, 3] { bench.meter.limited(.roomRate, by: who) }
                bench.meter.limited(.dmRate, by: 1)
            }
            // What happens up to a sample is of its minute.
            let end = Self.hour + 7 * Self.minute - 1
            meet()
            await bench.metrics.flush(at: end)
            meet()
            for later: Int64 in 1...13 {
                await bench.metrics.flush(at: end + later * Self.minute)
                meet()
            }
            #expect(bench.meter.total(.limitedClients(.roomRate)) == 3)
            bench.meter.limited(.roomRate, by: 4)
            await bench.metrics.flush(at: end + 14 * Self.minute)
            #expect(bench.meter.total(.limitedClients(.roomRate)) == 4)
            meet()
            bench.meter.limited(.roomRate, by: 4)
            #expect(bench.meter.total(.limitedClients(.roomRate)) == 7)
            #expect(bench.meter.total(.limitedClients(.dmRate)) == 2)
            #expect(bench.meter.total(.limited(.roomRate)) == 82)
            // A clock that was set back forgets rather than keeps.
            await bench.metrics.flush(at: end)
            meet()
            #expect(bench.meter.total(.limitedClients(.roomRate)) == 10)
        }
    }

    @Test("rows that nobody wrote neither end the server nor fire")
    func damagedRows() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await bench.store.database.write {
                try $0.run(
                    """
                    INSERT INTO alert_states VALUES
                        ('SignalboxStoreNotWriting', '', 'firing', -1, -9223372036854775808, -9223372036854775808),
                        ('SignalboxHistoryGap', '', 'firing', 9223372036854775807, 0, 9223372036854775807),
                        ('SignalboxLimitTooTight', 'gone_reason', 'firing', 1, 0, 0),
                        ('SignalboxLimitTooTight', '', 'firing', 1, 0, 0), ('SignalboxDown', '', 'firing', 1, 0, 0),
                        ('SignalboxRequestsSlow', '', 'pending', -9223372036854775808, 0, 0);
                    INSERT INTO alert_silences VALUES ('*', 9223372036854775807);
                    """)
            }
            let evaluator = bench.metrics.alerts
            for place: Int64 in 0..<5 { await evaluator.evaluate(Self.sample(place)) }
            #expect(firing(evaluator).isEmpty)
            #expect(evaluator.silences.count == 0)
        }
    }

    @Test("an alert that ends while its beginning is being told is told to have ended")
    func endsMeanwhile() async throws {
        try await withTemporaryDirectory { directory in
            let evaluator = try Bench(directory).metrics.alerts
            let key = AlertKey(.uncleanRestart)
            await evaluator.evaluate(Self.sample(0) { $0[.uncleanShutdowns] = 1 })
            evaluator.telling([key], at: Self.hour)
            for place: Int64 in 1..<20 { await evaluator.evaluate(Self.sample(place)) }
            await evaluator.told([(key, .firing)], at: Self.hour)
            #expect(evaluator.reports.map(\.state.phase) == [.resolved])
        }
    }
}
