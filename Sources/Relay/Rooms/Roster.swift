import NIOCore
import Web

/// Who is in a room: how many subscribers, and the names some of them declared.
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

    /// Subscribers on streams, named or not.
    var size = 0
    private var named: [UInt64: Participant] = [:]

    subscript(subscriber: UInt64) -> Participant? {
        get { named[subscriber] }
        set { named[subscriber] = newValue }
    }

    /// Named participants in order of their joining, each name once.
    private var listed: [Participant] {
        var seen: Set<String> = []
        return named.sorted { $0.key < $1.key }.map(\.value).filter { seen.insert($0.name).inserted }
    }

    /// Writes the `participants` array.
    /// - Parameters:
    ///   - now: Unix ms.
    ///   - lastBroadcast: Unix ms of the room's last push, which every event stream has seen.
    func writeParticipants(to json: inout JSONWriter, now: Int64, lastBroadcast: Int64) {
        json.array { list in
            for participant in listed {
                let seen =
                    participant.isEventStream
                    ? max(participant.lastSeen, lastBroadcast) : participant.lastSeen
                list.object {
                    $0.field("name", participant.name)
                    if let key = participant.boxPublicKey { $0.field("box_pub", key) }
                    $0.field("last_seen_ms_ago", max(0, now - seen))
                }
            }
        }
    }

    /// The `presence` event.
    func presence(now: Int64, lastBroadcast: Int64) -> ByteBuffer {
        JSONWriter.object(capacity: 96 + named.count * 80) {
            $0.field("type", "presence")
            $0.field("size", size)
            $0.key("names")
            $0.array { names in listed.forEach { names.string($0.name) } }
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
