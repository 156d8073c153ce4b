import NIOCore

/// When presence is sent: at once after quiet, then at most one frame per 250 ms, or per second in a room of
/// more than 100. Every client posts a sign of life each 15 s; answering each to each would be quadratic.
///
/// In a large room a frame times its readers is tens of megabytes, so frames also keep to a budget of bytes: a
/// wide one when somebody came, went or changed, a narrow one when only times of last sight moved on.
struct PresencePacing {
    private var lastSent: NIODeadline?
    private var lastBytes = 0
    /// When the frame that was put off is due; nil when there is none.
    private var due: NIODeadline?

    enum Decision: Equatable {
        case now
        /// Send it then, unless it was asked for sooner meanwhile.
        case later(NIODeadline)
        case already
    }

    /// What there is to tell.
    enum Change {
        /// Who is there, or under which name.
        case people
        /// Only when somebody was last seen.
        case lastSeen

        /// Bytes a second to all readers together.
        fileprivate var budget: Int {
            switch self {
            case .people: 16_000_000
            case .lastSeen: 2_000_000
            }
        }
        fileprivate var longest: TimeAmount {
            switch self {
            case .people: .seconds(3)
            case .lastSeen: .seconds(20)
            }
        }
    }

    /// - Parameters:
    ///   - participants: who is in the room, named or not.
    ///   - readers: streams that a frame goes to.
    mutating func touch(now: NIODeadline, participants: Int, readers: Int, change: Change = .people)
        -> Decision
    {
        let usual: TimeAmount = participants > 100 ? .seconds(1) : .milliseconds(250)
        let costly = TimeAmount.nanoseconds(
            Int64(lastBytes * readers) * 1_000 / Int64(change.budget) * 1_000_000)
        let interval = max(usual, min(change.longest, costly))
        guard let lastSent, now < lastSent + interval else {
            if let due, due <= now { return .already }
            due = nil
            lastSent = now
            return .now
        }
        let time = lastSent + interval
        if let due, due <= time { return .already }
        due = time
        return .later(time)
    }

    /// Whether the frame that was put off until `time` is still to be sent; if so it counts as sent now.
    mutating func isDue(_ time: NIODeadline, now: NIODeadline) -> Bool {
        guard due == time else { return false }
        due = nil
        lastSent = now
        return true
    }

    /// A frame of so many bytes went out.
    mutating func sent(bytes: Int) { lastBytes = bytes }

    /// A frame that was put off won't go out: nobody is there.
    mutating func forget() { due = nil }
}
