import NIOConcurrencyHelpers
import NIOCore
import SignalboxMetrics
import Web

/// Everybody who has `/api/metrics/stream` open. Few, and bounded: operators, not clients.
final class StreamHub: Sendable {
    private struct State {
        var streams: [ObjectIdentifier: Entry] = [:]
        var taken = 0
    }

    /// A stream as others than its own loop may know it.
    struct Entry: Sendable {
        let stream: NIOLoopBound<DashboardStream>
        let eventLoop: any EventLoop
        /// The session it came in by; nil for doors that nobody can close behind it.
        let session: Sessions.Ticket?
    }

    /// Streams at once.
    static let streamsMax = 64
    private let state = NIOLockedValueBox(State())

    /// Takes a place; false when all are taken. Each taken place is given back once.
    func takePlace() -> Bool {
        state.withLockedValue { state in
            guard state.taken < Self.streamsMax else { return false }
            state.taken += 1
            return true
        }
    }

    func givePlaceBack() { state.withLockedValue { $0.taken -= 1 } }

    func add(_ stream: DashboardStream, _ entry: Entry) {
        state.withLockedValue { $0.streams[ObjectIdentifier(stream)] = entry }
    }

    func remove(_ stream: DashboardStream) {
        state.withLockedValue { _ = $0.streams.removeValue(forKey: ObjectIdentifier(stream)) }
    }

    var isEmpty: Bool { state.withLockedValue { $0.streams.isEmpty } }

    /// The sessions that streams depend on.
    var sessions: Set<Sessions.Ticket> {
        state.withLockedValue { Set($0.streams.values.compactMap(\.session)) }
    }

    /// Sends an event to everybody, each on its own loop.
    func publish(_ event: StreamEvents) {
        for entry in entries { entry.eventLoop.execute { entry.stream.value.send(event) } }
    }

    /// Ends the streams whose session isn't among those that are still open.
    func endStreams(exceptOf open: Set<Sessions.Ticket>) {
        for entry in entries where entry.session.map({ !open.contains($0) }) == true {
            entry.eventLoop.execute { entry.stream.value.end() }
        }
    }

    private var entries: [Entry] { state.withLockedValue { Array($0.streams.values) } }
}
