import DequeModule

/// The messages a room keeps for late joiners, bounded in number and time. Order of seq is order of time.
struct RecentBuffer {
    private var messages = Deque<Message>()
    /// The earliest expiry among the messages' own, Unix ms, so that a walk is only made when one is due.
    private var earliestExpiry = Int64.max
    /// The highest seq that had to go because the buffer was full: a reader behind it has missed something.
    private(set) var droppedThrough: UInt64 = 0

    var count: Int { messages.count }
    /// The newest message's number, 0 when there is none, as the original reports it.
    var lastSeq: UInt64 { messages.last?.seq ?? 0 }

    /// The oldest message's number; nil when there is none.
    var firstSeq: UInt64? { messages.first?.seq }

    /// The message of that number, if it is still there.
    func message(_ seq: UInt64) -> Message? {
        let index = firstIndex(after: seq - 1)
        return index < messages.count && messages[index].seq == seq ? messages[index] : nil
    }

    /// The oldest message after `seq` for which `condition` holds.
    func first(after seq: UInt64, where condition: (Message) -> Bool) -> Message? {
        messages[firstIndex(after: seq)...].first(where: condition)
    }

    /// Adds a message; what no longer fits is handed to `release`.
    mutating func append(_ message: Message, max: Int, release: (Message) -> Void) {
        messages.append(message)
        if let expiry = message.expiresAt { earliestExpiry = min(earliestExpiry, expiry) }
        while messages.count > max, let oldest = messages.popFirst() {
            droppedThrough = oldest.seq
            release(oldest)
        }
    }

    /// Drops what is older than `cutoff` or past its own expiry at `now`, both Unix ms.
    mutating func prune(now: Int64, cutoff: Int64, release: (Message) -> Void) {
        while let oldest = messages.first, oldest.acceptedAt < cutoff {
            messages.removeFirst()
            release(oldest)
        }
        guard earliestExpiry <= now else { return }
        earliestExpiry = .max
        messages.removeAll { message in
            guard let expiry = message.expiresAt else { return false }
            if expiry <= now {
                release(message)
                return true
            }
            earliestExpiry = min(earliestExpiry, expiry)
            return false
        }
    }

    /// Messages after `seq`, oldest first, at most `limit` of them and about `bytes` together; whether
    /// there are more.
    func page(after seq: UInt64, through end: UInt64 = .max, limit: Int, bytes: Int) -> (
        page: [Message], more: Bool
    ) {
        var page: [Message] = []
        var size = 0
        var index = firstIndex(after: seq)
        while index < messages.count, messages[index].seq <= end {
            // One message always fits, or a large one could never be read.
            if page.count >= limit || (size > 0 && size + messages[index].json.readableBytes > bytes) {
                return (page, true)
            }
            size += messages[index].json.readableBytes
            page.append(messages[index])
            index += 1
        }
        return (page, false)
    }

    /// Hands every message to `release` and forgets it.
    mutating func removeAll(release: (Message) -> Void) {
        messages.forEach(release)
        messages.removeAll()
    }

    private func firstIndex(after seq: UInt64) -> Int {
        var low = 0
        var high = messages.count
        while low < high {
            let middle = (low + high) / 2
            if messages[middle].seq <= seq { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
