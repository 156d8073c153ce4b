import NIOCore

/// When presence is sent: at once after quiet, then at most one frame per 250 ms, or per second in a room of
/// more than 100. Every client posts a sign of life each 15 s; answering each to each would be quadratic.
struct PresencePacing {
    private var lastSent: NIODeadline?
    private var isScheduled = false

    enum Decision {
        case now
        case later(NIODeadline)
        case already
    }

    mutating func touch(now: NIODeadline, participants: Int) -> Decision {
        guard !isScheduled else { return .already }
        let interval: TimeAmount = participants > 100 ? .seconds(1) : .milliseconds(250)
        if let lastSent, now < lastSent + interval {
            isScheduled = true
            return .later(lastSent + interval)
        }
        lastSent = now
        return .now
    }

    /// A frame that was put off has gone out.
    mutating func sent(at time: NIODeadline) {
        isScheduled = false
        lastSent = time
    }

    /// A frame that was put off won't go out: nobody is there.
    mutating func forget() { isScheduled = false }
}
