import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("A window of the series")
struct WindowTests {
    private static let minute = Bench.minute
    private static let hour: Int64 = 3_600_000
    private static let day: Int64 = 24 * 3_600_000
    /// The start of a UTC day.
    private static let midnight = CivilDay.floor(Bench.hour, day)

    /// Minutes for two hours, hours for two days, days for forty, each with one message a minute.
    private func filled(_ bench: Bench) async throws {
        let now = Self.midnight
        try await bench.put((1...120).map { .made(now - Int64($0) * Self.minute, messages: 1) }, in: .minutes)
        try await bench.put((1...48).map { .made(now - Int64($0) * Self.hour, messages: 60) }, in: .hours)
        try await bench.put((1...40).map { .made(now - Int64($0) * Self.day, messages: 1_440) }, in: .utcDays)
    }

    struct Case {
        let back: Int64
        let step: Int64
        let source: WindowAnswer.Source
        let bucket: Int64
        var partial = false
    }

    static let choices = [
        // Fine enough and far enough back.
        Case(back: 2 * hour, step: minute, source: .minute, bucket: minute),
        Case(back: hour, step: 15 * minute, source: .minute, bucket: 15 * minute),
        Case(back: 2 * hour, step: 90 * minute, source: .minute, bucket: 90 * minute),
        Case(back: 2 * hour, step: hour, source: .hourly, bucket: hour),
        Case(back: 2 * day, step: 6 * hour, source: .hourly, bucket: 6 * hour),
        Case(back: 2 * day, step: day, source: .daily, bucket: day),
        Case(back: 40 * day, step: 7 * day, source: .daily, bucket: 7 * day),
        // Too far back for so fine a step: the next one that is kept longer.
        Case(back: day, step: minute, source: .hourly, bucket: hour),
        Case(back: day, step: 15 * minute, source: .hourly, bucket: hour),
        Case(back: day, step: 90 * minute, source: .hourly, bucket: 2 * hour),
        Case(back: 3 * day, step: 6 * hour, source: .daily, bucket: day),
        Case(back: 30 * day, step: 5 * minute, source: .daily, bucket: day),
        // Older than everything: the one that reaches furthest, and said to be partial.
        Case(back: 41 * day, step: minute, source: .daily, bucket: day, partial: true),
        Case(back: 41 * day, step: day, source: .daily, bucket: day, partial: true),
    ]

    @Test("is drawn from the finest points that reach back far enough", arguments: choices)
    func choice(_ asked: Case) async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await filled(bench)
            let window = SeriesWindow(
                from: Self.midnight - asked.back, until: Self.midnight, step: .width(asked.step))
            let answer = try await bench.metrics.history.series(window)
            #expect(answer.source == asked.source)
            #expect(answer.bucket == asked.bucket)
            #expect(answer.partial == asked.partial)
            #expect(answer.points.sum(.messages) == min(asked.back, 40 * Self.day) / Self.minute)
            #expect(answer.points.allSatisfy { $0.t % asked.bucket == 0 })
            #expect((answer.from, answer.until) == (window.from, window.until))
        }
    }

    @Test("that begins within an hour or a day has the whole of it, and ends before its end")
    func floored() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            try await filled(bench)
            func times(_ from: Int64, _ until: Int64, _ step: Int64) async throws -> [Int64] {
                try await bench.metrics.history.series(
                    SeriesWindow(from: from, until: until, step: .width(step))
                ).points.map { ($0.t - Self.midnight) / step }
            }
            let now = Self.midnight
            #expect(try await times(now - 90 * Self.minute, now - Self.hour + 1, Self.hour) == [-2, -1])
            #expect(try await times(now - 90 * Self.minute, now - Self.hour, Self.hour) == [-2])
            #expect(try await times(now - 30 * Self.hour, now - 1, Self.day) == [-2, -1])
            #expect(try await times(now - 3 * Self.minute, now - Self.minute, Self.minute) == [-3, -2])
        }
    }

    @Test("of all there is begins with the oldest point and is not partial")
    func all() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.meter.add(.messages(.http), 3)
            await bench.metrics.flush(at: Bench.hour + 34 * Self.minute + 59_999)
            let window = SeriesWindow(from: nil, until: Bench.hour + Self.hour)
            let answer = try await bench.metrics.history.series(window)
            #expect(answer.points.sum(.messages) == 3)
            #expect(answer.from == answer.availableSince)
            #expect(!answer.partial)
        }
    }

    @Test("without a step has at most 500 points, wherever it begins")
    func defaultStep() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory, retention: .forEver)
            let now = Self.midnight
            try await bench.put((1...600).map { .made(now - Int64($0) * Self.minute) }, in: .minutes)
            try await bench.put((1...700).map { .made(now - Int64($0) * Self.hour) }, in: .hours)
            try await bench.put((1...800).map { .made(now - Int64($0) * Self.day) }, in: .utcDays)
            for width in [Self.minute, Self.hour, Self.day] {
                for count: Int64 in [20, 499, 500, 501, 502] {
                    for shift in [0, 1, width / 2, width - 1] {
                        let from = now - count * width - shift
                        let answer = try await bench.metrics.history.series(
                            SeriesWindow(from: from, until: now))
                        #expect(
                            (1...500).contains(answer.points.count), "\(count) of \(width) and \(shift) ms")
                    }
                }
            }
        }
    }

    @Test("over years without a step has at most 500 points", arguments: [2, 5, 10, 50, 400] as [Int64])
    func yearsStep(years: Int64) {
        let span = years * 366 * Self.day
        #expect(span / SeriesWindow.step(from: Bench.hour - span, until: Bench.hour) <= 500)
    }

    @Test("of an empty store, of the future, and of before everything is empty")
    func empty() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            let history = bench.metrics.history
            let steps: [SeriesWindow.Step?] = [nil, .width(Self.minute), .width(Self.day), .calendarDay]
            for step in steps {
                for from in [nil, Bench.hour - Self.day] {
                    let answer = try await history.series(
                        SeriesWindow(from: from, until: Bench.hour, step: step))
                    #expect(answer.points.isEmpty && answer.availableSince == nil)
                }
            }
            try await filled(bench)
            let now = Self.midnight
            for step in steps {
                for (from, until) in [
                    (now + Self.day, now + 2 * Self.day), (now - 90 * Self.day, now - 80 * Self.day),
                ] {
                    let answer = try await history.series(SeriesWindow(from: from, until: until, step: step))
                    #expect(answer.points.isEmpty)
                    #expect(answer.availableSince == now - 40 * Self.day)
                }
                let past = try await history.series(
                    SeriesWindow(from: nil, until: now - 90 * Self.day, step: step))
                #expect(past.points.isEmpty)
            }
        }
    }

    @Test("that ends in the past leaves out what came later, one in the future has all")
    func ends() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            // A clock that ran ahead left a point in the future.
            try await bench.put(
                [-3, -2, -1, 5].map { .made(Bench.hour + $0 * Self.minute, messages: 1) }, in: .minutes)
            func count(until: Int64) async throws -> Int64 {
                try await bench.metrics.history.series(
                    SeriesWindow(from: Bench.hour - Self.hour, until: until, step: .width(5 * Self.minute))
                ).points.sum(.messages)
            }
            #expect(try await count(until: Bench.hour - 2 * Self.minute) == 1)
            #expect(try await count(until: Bench.hour) == 3)
            #expect(try await count(until: Bench.hour + Self.hour) == 4)
        }
    }
}
