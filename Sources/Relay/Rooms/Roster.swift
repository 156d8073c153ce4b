import NIOCore
import Web

/// Who is in a room: how many subscribers, the names some of them declared, and the names of agents that have
/// no stream but post signs of life.
struct Roster {
    /// A subscriber that said its name.
    struct Participant {
        var name: String
        /// An X25519 public key as the client sent it.
        var boxPublicKey: String?
        /// Unix ms; for event streams the room's last broadcast counts as well.
        var lastSeen: Int64
        let isEventStream: Bool
    }

    /// An agent without a stream.
    private struct Heartbeat {
        let order: UInt64
        var boxPublicKey: String?
        /// Unix ms.
        var lastSeen: Int64
    }

    /// How long a name is shown after its last sign of life, in ms.
    static let heartbeatMilliseconds: Int64 = 60_000

    /// Subscribers on streams, named or not.
    var size = 0
    private var named: [UInt64: Participant] = [:]
    private var heartbeats: [String: Heartbeat] = [:]
    private var heartbeatOrder: UInt64 = 0

    subscript(subscriber: UInt64) -> Participant? {
        get { named[subscriber] }
        set { named[subscriber] = newValue }
    }

    /// Named participants in order of their joining, each name once.
    private func listed(_ seen: inout Set<String>) -> [Participant] {
        named.sorted { $0.key < $1.key }.map(\.value).filter { seen.insert($0.name).inserted }
    }

    // MARK: Signs of life

    /// Names kept alive by signs of life.
    var heartbeatCount: Int { heartbeats.count }

    /// What a sign of life changed.
    enum Beat: Equatable {
        /// A name nobody knew, or a changed key.
        case news
        /// Only the time. Who watches still wants to hear of it, or the name would seem to fade.
        case life
    }

    /// Whether the name posts signs of life already.
    func hasHeartbeat(_ name: String) -> Bool { heartbeats[name] != nil }

    mutating func beat(_ name: String, boxPublicKey: String?, now: Int64) -> Beat {
        let known = heartbeats[name]
        heartbeatOrder += 1
        heartbeats[name] = Heartbeat(
            order: known?.order ?? heartbeatOrder, boxPublicKey: boxPublicKey, lastSeen: now)
        // A subscriber of that name is shown in its place.
        let isKnown = known != nil && known?.boxPublicKey == boxPublicKey
        return isKnown || named.values.contains { $0.name == name } ? .life : .news
    }

    /// Drops names that have been silent for too long; how many.
    mutating func pruneHeartbeats(now: Int64) -> Int {
        guard heartbeats.contains(where: { now - $0.value.lastSeen > Self.heartbeatMilliseconds }) else {
            return 0
        }
        let before = heartbeats.count
        heartbeats = heartbeats.filter { now - $0.value.lastSeen <= Self.heartbeatMilliseconds }
        return before - heartbeats.count
    }

    mutating func removeHeartbeats() -> Int {
        defer { heartbeats = [:] }
        return heartbeats.count
    }

    // MARK: What others see

    /// Writes the `participants` array.
    /// - Parameters:
    ///   - now: Unix ms.
    ///   - lastBroadcast: Unix ms of the room's last push, which every event stream has seen.
    func writeParticipants(to json: inout JSONWriter, now: Int64, lastBroadcast: Int64) {
        var names: Set<String> = []
        json.array { list in
            for participant in listed(&names) {
                let seen =
                    participant.isEventStream
                    ? max(participant.lastSeen, lastBroadcast) : participant.lastSeen
                list.object {
                    $0.field("name", participant.name)
                    if let key = participant.boxPublicKey { $0.field("box_pub", key) }
                    $0.field("last_seen_ms_ago", max(0, now - seen))
                }
            }
            for (name, beat) in heartbeats.sorted(by: { $0.value.order < $1.value.order })
            where !names.contains(name) && now - beat.lastSeen <= Self.heartbeatMilliseconds {
                list.object {
                    $0.field("name", name)
                    $0.field("last_seen_ms_ago", max(0, now - beat.lastSeen))
                    if let key = beat.boxPublicKey { $0.field("box_pub", key) }
                }
            }
        }
    }

    /// The `presence` event.
    func presence(now: Int64, lastBroadcast: Int64) -> ByteBuffer {
        JSONWriter.object(capacity: 96 + (named.count + heartbeats.count) * 112) {
            $0.field("type", "presence")
            $0.field("size", size)
            $0.key("names")
            // Those with a stream only, as in the original.
            $0.array { names in
                var seen: Set<String> = []
                for participant in listed(&seen) { names.string(participant.name) }
            }
            $0.key("participants")
            writeParticipants(to: &$0, now: now, lastBroadcast: lastBroadcast)
        }
    }

    /// A declared name: 1 to 64 UTF-16 units of `[A-Za-z0-9@._-]` or anything from U+00A0 up; longer ones
    /// are cut, as the original does. nil when it isn't acceptable.
    static func name(_ text: String) -> String? {
        var units = 0
        var name = ""
        for scalar in text.unicodeScalars {
            units += scalar.utf16.count
            if units > 64 { break }
            let isPlain =
                scalar.isASCII && (RoomID.isAllowed(UInt8(scalar.value)) || scalar == "@" || scalar == ".")
            guard isPlain || scalar.value >= 0xa0 else { return nil }
            name.unicodeScalars.append(scalar)
        }
        return name.isEmpty ? nil : name
    }
}
