import NIOConcurrencyHelpers
import NIOCore
import SignalboxMetrics
import Web

/// Every inbox, within the memory fuse. In memory only: queued, not kept.
final class Inboxes: Sendable {
    private let book: IdentityBook
    private let signatures: EnvelopeSignatures
    private let meter: Meter
    private let clock: WallClock
    private let state = NIOLockedValueBox(State())

    private struct State {
        var inboxes: [Handle: Inbox] = [:]
        var waits: [Handle: [UInt64: InboxWait]] = [:]
        var bytes = 0
        var messages = 0
    }

    private var limits: IdentityLimits { book.limits }

    init(book: IdentityBook, signatures: EnvelopeSignatures, meter: Meter, clock: WallClock) {
        self.book = book
        self.signatures = signatures
        self.meter = meter
        self.clock = clock
    }

    // MARK: Sending

    /// What became of a message.
    enum Posting {
        case accepted(DirectMessage)
        case unknownHandle
        /// The envelope was seen already.
        case replayed
        case replayCache(retryAfter: Int)
        /// The inbox is full of messages that an anonymous one can't push out.
        case full
        case memoryFuse
    }

    /// Puts a checked message into the inbox and wakes who waits for it.
    func post(_ draft: DirectMessageDraft, to handle: Handle, proof: EnvelopeSignatures.Proof?) -> Posting {
        let posting = state.withLockedValue { state -> Posting in
            let now = clock.now()
            guard state.bytes + draft.chargedBytes <= limits.inboxBytesMax else { return .memoryFuse }
            prune(handle, &state)
            var inbox = state.inboxes[handle] ?? Inbox()
            guard inbox.hasPlace(isVerified: proof != nil, limits) else { return .full }
            if let proof {
                switch signatures.spend(proof) {
                case .fresh: break
                case .replayed: return .replayed
                case .full(let seconds): return .replayCache(retryAfter: seconds)
                }
            }
            guard let seq = book.nextInboxNumber(handle) else { return .unknownHandle }
            let message = DirectMessage(seq: seq, draft: draft, sender: proof?.sender, now: now)
            state.bytes += message.chargedBytes
            state.messages += 1
            var gone: [(DirectMessage, InboxRemoval)] = []
            inbox.append(message, limits) { gone.append(($0, .displaced)) }
            state.inboxes[handle] = inbox
            release(gone, &state)
            wake(handle, message, &state)
            return .accepted(message)
        }
        count(posting, draft, isVerified: proof != nil, of: handle)
        return posting
    }

    private func count(_ posting: Posting, _ draft: DirectMessageDraft, isVerified: Bool, of handle: Handle) {
        switch posting {
        case .accepted:
            meter.add(.directMessages(isVerified ? .verified : .anonymous))
            meter.add(.directMessageBytes, UInt64(draft.ciphertext.utf8.count))
        case .full: meter.limited(.inboxFull, by: handle.hashValue)
        case .memoryFuse: meter.add(.overCapacity(.inboxFuse))
        case .unknownHandle, .replayed, .replayCache: break
        }
    }

    private func release(_ gone: [(DirectMessage, InboxRemoval)], _ state: inout State) {
        for (message, reason) in gone {
            state.bytes -= message.chargedBytes
            state.messages -= 1
            meter.add(.inboxRemovals(reason))
        }
    }

    private func wake(_ handle: Handle, _ message: DirectMessage, _ state: inout State) {
        guard let waits = state.waits[handle] else { return }
        for (id, wait) in waits where message.seq > wait.after {
            state.waits[handle]?[id] = nil
            wait.eventLoop.execute { wait.wake(message) }
        }
        if state.waits[handle]?.isEmpty == true { state.waits[handle] = nil }
    }

    // MARK: Reading

    /// What becomes of a wait.
    enum Waiting {
        case page([DirectMessage], hasMore: Bool)
        case parked
        /// The handle has all the parked waits it may have.
        case full
        /// The client has.
        case clientFull
    }

    /// Answers with what is there, or parks the wait until a message comes.
    func wait(_ wait: InboxWait, isImmediate: Bool) -> Waiting {
        state.withLockedValue { state in
            prune(wait.handle, &state)
            let (messages, more) = state.inboxes[wait.handle]?.page(after: wait.after, limits) ?? ([], false)
            guard messages.isEmpty, !isImmediate else { return .page(messages, hasMore: more) }
            guard (state.waits[wait.handle]?.count ?? 0) < limits.waitersPerHandle else { return .full }
            guard wait.acquire() else { return .clientFull }
            state.waits[wait.handle, default: [:]][wait.id] = wait
            return .parked
        }
    }

    /// Takes a parked wait back; false when a message has taken it already and is on its way.
    func unpark(_ wait: InboxWait) -> Bool {
        state.withLockedValue { state in
            guard state.waits[wait.handle]?.removeValue(forKey: wait.id) != nil else { return false }
            if state.waits[wait.handle]?.isEmpty == true { state.waits[wait.handle] = nil }
            return true
        }
    }

    /// Acknowledges a message: it is dropped. False when there is none of that id.
    func remove(_ id: String, from handle: Handle) -> Bool {
        state.withLockedValue { state in
            guard let message = state.inboxes[handle]?.remove(id) else { return false }
            release([(message, .acked)], &state)
            if state.inboxes[handle]?.isEmpty == true { state.inboxes[handle] = nil }
            return true
        }
    }

    // MARK: Keeping house

    private func prune(_ handle: Handle, _ state: inout State) {
        var gone: [(DirectMessage, InboxRemoval)] = []
        let cutoff = clock.now() - limits.inboxMilliseconds
        state.inboxes[handle]?.prune(before: cutoff) { gone.append(($0, .expired)) }
        if state.inboxes[handle]?.isEmpty == true { state.inboxes[handle] = nil }
        release(gone, &state)
    }

    /// Drops messages that are out of time; a few inboxes at a time, so that nobody waits for all of them.
    func sweep() {
        let handles = state.withLockedValue { Array($0.inboxes.keys) }
        for start in stride(from: 0, to: handles.count, by: 256) {
            state.withLockedValue { state in
                for handle in handles[start..<min(start + 256, handles.count)] { prune(handle, &state) }
            }
        }
    }

    /// Drops the inbox of a handle that is no more.
    func forget(_ handle: Handle) {
        state.withLockedValue { state in
            var gone: [(DirectMessage, InboxRemoval)] = []
            state.inboxes[handle]?.removeAll { gone.append(($0, .forgotten)) }
            state.inboxes[handle] = nil
            release(gone, &state)
        }
    }

    /// Fills in the gauges of the inboxes.
    func read(into readings: inout GaugeReadings) {
        state.withLockedValue { state in
            readings[.inboxMessages] = Double(state.messages)
            readings[.inboxBytes] = Double(state.bytes)
            readings[.inboxLimitBytes] = Double(limits.inboxBytesMax)
            readings[.parkedInboxWaits] = Double(state.waits.values.reduce(0) { $0 + $1.count })
        }
    }
}
