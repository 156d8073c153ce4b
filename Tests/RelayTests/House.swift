import Logging
import NIOConcurrencyHelpers
import SignalboxMetrics
import Testing
import Web
@testable import Relay

/// Rooms with a clock of their own.
struct House {
    let relay: RelayState
    var rooms: Rooms { relay.rooms }
    let meter: Meter
    let clock: Clock
    let client: IPAddress

    /// A wall clock that shows what it was set to, Unix ms.
    final class Clock: Sendable {
        private let time: NIOLockedValueBox<Int64>
        init(_ time: Int64) { self.time = NIOLockedValueBox(time) }
        var now: Int64 {
            get { time.withLockedValue { $0 } }
            set { time.withLockedValue { $0 = newValue } }
        }
        var wall: WallClock { WallClock { self.now } }
    }

    init(
        meter: Meter = Meter(), now: Int64 = 1_000_000, limits change: (inout RoomLimits) -> Void = { _ in }
    ) throws {
        var limits = RoomLimits()
        // Not what these tests are about, unless they say so.
        (limits.roomBurst, limits.clientBurst) = (1_000_000_000, 1_000_000_000)
        (limits.streamsPerClient, limits.waitersPerClient) = (10_000, 10_000)
        change(&limits)
        self.meter = meter
        clock = Clock(now)
        relay = RelayState(
            rooms: limits, identities: IdentityLimits(), store: nil, isAfterCrash: false, meter: meter,
            clock: clock.wall, logger: Logger(label: "test"))
        client = try #require(IPAddress("192.0.2.1"))
    }

    var registry: RoomRegistry { rooms.registry }

    static func id(_ text: String) throws -> RoomID { try #require(RoomID(text)) }

    /// What the memory fuse holds now.
    var bufferedBytes: Double {
        var readings = GaugeReadings()
        rooms.gauges.read(into: &readings)
        return readings[.roomBufferBytes]
    }

    /// Whether a long-poll is parked now.
    var isWaitedIn: Bool {
        var readings = GaugeReadings()
        rooms.gauges.read(into: &readings)
        return readings[.subscribers(.poll)] > 0
    }

    /// Posts and gives back what came of it.
    @discardableResult
    func post(
        _ room: String, _ draft: MessageDraft? = nil, from client: IPAddress? = nil
    ) throws -> Rooms.Posting {
        rooms.post(
            try draft ?? .made(), to: try Self.id(room), client: client ?? self.client, via: .http,
            kind: .agent,
            otherwise: "agent")
    }

    /// Posts a message that must be accepted.
    @discardableResult
    func accept(_ room: String, _ draft: MessageDraft? = nil) throws -> Message {
        let posting = try post(room, draft)
        guard case .accepted(let message) = posting else { throw NotAccepted(posting: "\(posting)") }
        return message
    }

    struct NotAccepted: Error {
        let posting: String
    }
}

extension MessageDraft {
    static let nonceText = String(repeating: "A", count: 32)

    /// A draft of a valid message with some members changed.
    static func made(_ changes: [String: JSONValue] = [:], limits: RoomLimits = RoomLimits()) throws
        -> MessageDraft
    {
        var members: [String: JSONValue] = ["ciphertext": .string("AAAA"), "nonce": .string(nonceText)]
        members.merge(changes) { $1 }
        return try MessageDraft(.object(members), limits: limits)
    }

    /// A message of a ciphertext of `bytes` characters.
    static func sized(_ bytes: Int) throws -> MessageDraft {
        try made(["ciphertext": .string(String(repeating: "A", count: bytes))])
    }
}
