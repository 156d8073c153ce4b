import DequeModule

/// The messages that wait for one handle: bounded in number and time, and those of unproven senders more
/// tightly, so that a flood of them can't push out a proven one.
struct Inbox {
    private var messages: Deque<DirectMessage> = []
    private var anonymous = 0

    var count: Int { messages.count }
    var isEmpty: Bool { messages.isEmpty }

    /// Whether a message would find a place: an anonymous one never takes that of a verified one.
    func hasPlace(isVerified: Bool, _ limits: IdentityLimits) -> Bool {
        if isVerified { return true }
        guard limits.inboxAnonymous > 0 else { return false }
        return messages.count < limits.inboxMessages || anonymous > 0
    }

    /// Adds a message; what has to go for it is handed to `release`. The oldest anonymous ones go first.
    mutating func append(
        _ message: DirectMessage, _ limits: IdentityLimits, release: (DirectMessage) -> Void
    ) {
        messages.append(message)
        if !message.isVerified { anonymous += 1 }
        while anonymous > limits.inboxAnonymous, removeOldestAnonymous(release) {}
        while messages.count > limits.inboxMessages {
            if removeOldestAnonymous(release) { continue }
            if let oldest = messages.popFirst() { release(oldest) }
        }
    }

    private mutating func removeOldestAnonymous(_ release: (DirectMessage) -> Void) -> Bool {
        guard let index = messages.firstIndex(where: { !$0.isVerified }) else { return false }
        release(messages.remove(at: index))
        anonymous -= 1
        return true
    }

    /// Drops messages accepted before `cutoff`, Unix ms.
    mutating func prune(before cutoff: Int64, release: (DirectMessage) -> Void) {
        while let oldest = messages.first, oldest.acceptedAt < cutoff {
            messages.removeFirst()
            if !oldest.isVerified { anonymous -= 1 }
            release(oldest)
        }
    }

    /// Takes out the message of that id.
    mutating func remove(_ id: String) -> DirectMessage? {
        guard let index = messages.firstIndex(where: { $0.id == id }) else { return nil }
        let message = messages.remove(at: index)
        if !message.isVerified { anonymous -= 1 }
        return message
    }

    mutating func removeAll(release: (DirectMessage) -> Void) {
        messages.forEach(release)
        messages = []
        anonymous = 0
    }

    /// Messages after `seq`, oldest first, within a page; whether there are more.
    func page(after seq: UInt64, _ limits: IdentityLimits) -> (messages: [DirectMessage], more: Bool) {
        var page: [DirectMessage] = []
        var bytes = 0
        for message in messages where message.seq > seq {
            bytes += message.json.readableBytes
            // One message always fits.
            if page.count >= limits.inboxPage || (!page.isEmpty && bytes > limits.inboxPageBytes) {
                return (page, true)
            }
            page.append(message)
        }
        return (page, false)
    }
}
