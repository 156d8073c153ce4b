import NIOConcurrencyHelpers
import NIOPosix
import Testing
@testable import Notify

/// A channel that does as the test says, and counts how much of it goes on at once.
private final class Rehearsed: OperatorChannel {
    let kind: ChannelKind
    private let script: @Sendable (Int) async throws(DeliveryError) -> Void
    private let state = NIOLockedValueBox((tries: 0, underWay: 0, most: 0))

    init(_ kind: ChannelKind, _ script: @escaping @Sendable (Int) async throws(DeliveryError) -> Void) {
        self.kind = kind
        self.script = script
    }

    var tries: Int { state.withLockedValue { $0.tries } }
    var most: Int { state.withLockedValue { $0.most } }

    func deliver(_ note: OperatorNote) async throws(DeliveryError) {
        let number = state.withLockedValue { state in
            state.tries += 1
            state.underWay += 1
            state.most = max(state.most, state.underWay)
            return state.tries
        }
        defer { state.withLockedValue { $0.underWay -= 1 } }
        try await script(number)
    }

    /// Takes its time, and less when it is cancelled.
    static func rest(_ time: Duration) async throws(DeliveryError) {
        do { try await Task.sleep(for: time) } catch { throw .cancelled }
    }
}

@Suite("The dispatch")
struct OperatorDispatchTests {
    private let outcomes = Outcomes()
    private let lines = LogLines()
    private let note = OperatorNote(title: "T", fields: [])

    private func dispatch(
        _ channels: [any OperatorChannel], _ change: (inout DispatchPace) -> Void = { _ in }
    ) -> OperatorDispatch {
        var pace = DispatchPace()
        pace.pauses = [.milliseconds(5)]
        // Other tests may keep the threads busy for seconds.
        pace.drain = .seconds(60)
        change(&pace)
        return OperatorDispatch(
            channels: channels, over: OutgoingHTTP(group: MultiThreadedEventLoopGroup.singleton), pace: pace,
            logger: lines.logger
        ) { [outcomes] kind, outcome, _ in outcomes.note(kind, outcome) }
    }

    /// Runs it until so many outcomes are there, then stops it.
    private func run(_ dispatch: OperatorDispatch, until total: Int) async throws {
        let running = Task { await dispatch.run() }
        #expect(try await outcomes.reach(total))
        running.cancel()
        await running.value
    }

    @Test("a note goes to every channel once")
    func everyChannel() async throws {
        let channels = [Rehearsed(.telegram) { _ in }, Rehearsed(.discord) { _ in }]
        let dispatch = dispatch(channels)
        dispatch.submit(note)
        dispatch.submit(note)
        try await run(dispatch, until: 4)
        #expect(outcomes[.telegram] == [.delivered, .delivered])
        #expect(outcomes[.discord] == [.delivered, .delivered])
        #expect(channels.map(\.tries) == [2, 2])
        #expect(lines.all.isEmpty)
    }

    @Test(
        "what may pass is tried once more",
        arguments: [
            DeliveryError.timeout, .unreachable, .disconnected, .refused(status: 500),
            .refused(status: 503, retryAfter: .seconds(90)), .refused(status: 429),
            .refused(status: 429, retryAfter: .milliseconds(1)),
        ])
    func retried(error: DeliveryError) async throws {
        let once = Rehearsed(.telegram) { number throws(DeliveryError) in if number == 1 { throw error } }
        let never = Rehearsed(.discord) { _ throws(DeliveryError) in throw error }
        let dispatch = dispatch([once, never])
        dispatch.submit(note)
        try await run(dispatch, until: 2)
        #expect(outcomes[.telegram] == [.delivered])
        #expect(outcomes[.discord] == [.failed])
        #expect([once.tries, never.tries] == [2, 2])
        #expect(
            lines.all == [
                "error A message to the operator could not be delivered channel=discord why=\(error)"
            ])
    }

    @Test(
        "what won't pass isn't tried again",
        arguments: [
            DeliveryError.tls, .other, .refused(status: 400), .refused(status: 404), .refused(status: 302),
        ])
    func notRetried(error: DeliveryError) async throws {
        let channel = Rehearsed(.telegram) { _ throws(DeliveryError) in throw error }
        let dispatch = dispatch([channel])
        dispatch.submit(note)
        try await run(dispatch, until: 1)
        #expect(outcomes[.telegram] == [.failed])
        #expect(channel.tries == 1)
    }

    @Test("a 429 is honoured for as long as it says, up to a limit")
    func honoured() async throws {
        let telegram = Rehearsed(.telegram) { number throws(DeliveryError) in
            if number == 1 { throw .refused(status: 429, retryAfter: .milliseconds(120)) }
        }
        let discord = Rehearsed(.discord) { number throws(DeliveryError) in
            if number == 1 { throw .refused(status: 429, retryAfter: .seconds(600)) }
        }
        let dispatch = dispatch([telegram, discord]) { $0.longestPause = .milliseconds(200) }
        dispatch.submit(note)
        let start = ContinuousClock.now
        try await run(dispatch, until: 2)
        #expect(ContinuousClock.now - start >= .milliseconds(200))
        #expect(outcomes.count(.delivered) == 2)
    }

    @Test("no more than so many deliveries at once, and a channel that hangs doesn't keep the other waiting")
    func width() async throws {
        let isOpen = NIOLockedValueBox(false)
        let slow = Rehearsed(.telegram) { _ throws(DeliveryError) in
            while !isOpen.withLockedValue({ $0 }) { try await Rehearsed.rest(.milliseconds(2)) }
        }
        let quick = Rehearsed(.discord) { _ in }
        let dispatch = dispatch([slow, quick])
        for _ in 0..<6 { dispatch.submit(note) }
        let running = Task { await dispatch.run() }
        #expect(try await outcomes.reach(6))
        #expect(outcomes[.discord].count == 6)
        #expect(outcomes[.telegram].isEmpty)
        while slow.tries < 2 { try await Task.sleep(for: .milliseconds(2)) }
        isOpen.withLockedValue { $0 = true }
        #expect(try await outcomes.reach(12))
        running.cancel()
        await running.value
        #expect(slow.most == 2)
        #expect(slow.most + quick.most <= 4)
    }

    @Test("a full queue drops the note at once and says so, and takes notes again later")
    func full() async throws {
        let channel = Rehearsed(.telegram) { _ in }
        let dispatch = dispatch([channel])
        for _ in 0..<260 { dispatch.submit(note) }
        #expect(outcomes[.telegram] == Array(repeating: .dropped, count: 4))
        let running = Task { await dispatch.run() }
        #expect(try await outcomes.reach(260))
        dispatch.submit(note)
        #expect(try await outcomes.reach(261))
        running.cancel()
        await running.value
        #expect(outcomes.count(.delivered) == 257)
        #expect(channel.most <= 4)
    }

    @Test("what waits at the shutdown is delivered, and nothing is taken any more")
    func drain() async throws {
        let channel = Rehearsed(.telegram) { _ throws(DeliveryError) in
            try await Rehearsed.rest(.milliseconds(20))
        }
        let dispatch = dispatch([channel])
        for _ in 0..<20 { dispatch.submit(note) }
        let running = Task { await dispatch.run() }
        #expect(try await outcomes.reach(1))
        running.cancel()
        await running.value
        #expect(outcomes[.telegram] == Array(repeating: .delivered, count: 20))
        dispatch.submit(note)
        #expect(outcomes[.telegram].last == .dropped)
    }

    @Test("a drain ends at its limit; what was under way failed, what waited is dropped, all of it is told")
    func drainLimit() async throws {
        let channel = Rehearsed(.telegram) { _ throws(DeliveryError) in
            try await Rehearsed.rest(.seconds(60))
        }
        let dispatch = dispatch([channel]) { $0.drain = .milliseconds(100) }
        for _ in 0..<10 { dispatch.submit(note) }
        let running = Task { await dispatch.run() }
        while channel.tries < 4 { try await Task.sleep(for: .milliseconds(2)) }
        let start = ContinuousClock.now
        running.cancel()
        await running.value
        #expect(ContinuousClock.now - start >= .milliseconds(90))
        #expect(outcomes.count(.failed) == 4)
        #expect(outcomes.count(.dropped) == 6)
        #expect(
            lines.all.contains(
                "error Messages to the operator were left undelivered when the server stopped channel=telegram count=6"
            ))
    }

    @Test("without a channel it runs until it is stopped")
    func noChannel() async throws {
        let dispatch = dispatch([])
        #expect(dispatch.isEmpty)
        dispatch.submit(note)
        let running = Task { await dispatch.run() }
        try await Task.sleep(for: .milliseconds(20))
        running.cancel()
        await running.value
        #expect(outcomes.count(.dropped) == 0)
    }

    @Test("over HTTP: 429 and 500 are overcome, and the client is closed at the end")
    func overHTTP() async throws {
        try await StandIn.run { request, before in
            switch before {
            case 0: .reply(429, headers: ["Retry-After": "0.01"])
            case 2: .reply(500)
            default: TelegramRules.answer(request)
            }
        } _: { server in
            let http = OutgoingHTTP(
                group: MultiThreadedEventLoopGroup.singleton, timeout: .seconds(60))
            let telegram = try TelegramChannel(
                base: server.base, token: TelegramRules.token, chat: TelegramRules.chat, over: http)
            var pace = DispatchPace()
            pace.pauses = [.milliseconds(5)]
            pace.atOnce = 1
            let dispatch = OperatorDispatch(
                channels: [telegram], over: http, pace: pace, logger: lines.logger
            ) { [outcomes] kind, outcome, _ in outcomes.note(kind, outcome) }
            dispatch.submit(note)
            dispatch.submit(note)
            try await run(dispatch, until: 2)
            #expect(outcomes[.telegram] == [.delivered, .delivered])
            #expect(server.requests.count == 4)
            await #expect(throws: DeliveryError.cancelled) { try await telegram.deliver(note) }
        }
    }
}
