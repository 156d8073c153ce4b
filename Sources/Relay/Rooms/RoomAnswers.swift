import NIOCore
import Web

/// Messages for `/wait` and `/transcript`.
struct RoomPage {
    let messages: [Message]
    let lastSeq: UInt64
    /// The page was cut: there are messages after `lastSeq`.
    let hasMore: Bool

    /// The `messages` array and `last_seq`, and `has_more` when the page was cut.
    func write(to json: inout JSONWriter) {
        json.key("messages")
        json.array { list in
            for message in messages {
                var envelope = ByteBufferAllocator().buffer(capacity: message.json.readableBytes)
                message.writeUntyped(to: &envelope)
                list.raw(envelope)
            }
        }
        json.field("last_seq", lastSeq)
        if hasMore { json.field("has_more", true) }
    }

    /// About how many bytes the page takes as JSON.
    var bytes: Int { messages.reduce(64) { $0 + $1.json.readableBytes } }
}

/// What `/status` says of a room that exists.
struct RoomStatus {
    let participants: Int
    let recentCount: Int
    let lastSeq: UInt64
    let ageSeconds: Int64
    let idleSeconds: Int64
    let isSignedOnly: Bool
}

/// Where a subscriber starts.
struct Joining {
    /// The newest message at the time of joining; the replay goes that far.
    let lastSeq: UInt64
    let size: Int
    /// Who was there before, as JSON.
    let participants: ByteBuffer
    /// The replay starts after this number.
    let cursor: UInt64
    /// What is above this number came after the joining.
    let floor: UInt64
}

/// What comes next for a subscriber that catches up.
enum CatchUp {
    case messages([Message])
    /// The replay is done.
    case reachedEnd
    /// Nothing is left: the subscriber is live on its loop.
    case live(LoopSubscribers)
    /// The buffer moved past the subscriber: it was too slow.
    case missed
}

/// What becomes of a claim.
enum Claiming {
    case message(Message, cursor: UInt64, lastSeq: UInt64)
    case empty(cursor: UInt64, lastSeq: UInt64)
    case parked(cursor: UInt64)
    /// The room has all the parked waits it may have.
    case full
    /// The client has.
    case clientFull
    case closed
}

/// What becomes of a long-poll.
enum Waiting {
    case page(RoomPage)
    case parked
    /// The room has all the parked waits it may have.
    case full
    /// The client has.
    case clientFull
    /// The room left the registry: look it up again.
    case closed
}
