import Synchronization

/// What happened so far; every part of the demo adds to it.
final class Tally: Sendable {
    /// The numbers at one moment.
    struct Counts: Sendable {
        var sent = 0
        var sentOverWebSocket = 0
        var sentAsBrowser = 0
        /// Of ciphertext, in base64.
        var characters = 0
        var received: [ReadingTransport: Int] = [:]
        var decrypted = 0
        /// Refusals made on purpose, by status.
        var refused: [Int: Int] = [:]
        /// Times the server asked to wait.
        var heldBack = 0
        /// Messages not sent because an agent was too far behind.
        var skipped = 0
        var reconnects = 0
        var errors = 0
        /// The errors in words, and how often each came; bounded.
        var errorWords: [String: Int] = [:]
        var faults = 0
        /// The first few faults in words.
        var faultWords: [String] = []
        /// When the server last showed that it is there.
        var lastContact = ContinuousClock.now

        var receivedInAll: Int { received.values.reduce(0, +) }
    }

    private let counts = Mutex(Counts())

    var now: Counts { counts.withLock { $0 } }

    func noteContact() {
        counts.withLock { $0.lastContact = max($0.lastContact, .now) }
    }

    func countSent(_ manner: DemoAgent.Manner, characters: Int) {
        counts.withLock {
            $0.sent += 1
            $0.characters += characters
            switch manner {
            case .webSocket: $0.sentOverWebSocket += 1
            case .http(.browser): $0.sentAsBrowser += 1
            case .http(.agent): break
            }
            $0.lastContact = max($0.lastContact, .now)
        }
    }

    func countReceived(over transport: ReadingTransport, faults: [DeliveryFault], at reader: String) {
        counts.withLock {
            $0.received[transport, default: 0] += 1
            if !faults.contains(where: { if case .undecryptable = $0 { true } else { false } }) {
                $0.decrypted += 1
            }
        }
        for fault in faults { countFault(fault, at: reader) }
    }

    func countFault(_ fault: DeliveryFault, at reader: String) {
        counts.withLock {
            $0.faults += 1
            if $0.faultWords.count < 5 { $0.faultWords.append("\(reader): \(fault.sentence)") }
        }
    }

    func countRefused(_ status: Int) {
        counts.withLock {
            $0.refused[status, default: 0] += 1
            $0.lastContact = max($0.lastContact, .now)
        }
    }

    func countHeldBack(for pause: Duration) {
        counts.withLock {
            $0.heldBack += 1
            // A server that asked for silence hasn't gone.
            $0.lastContact = max($0.lastContact, .now + pause)
        }
    }

    func countSkipped() {
        counts.withLock { $0.skipped += 1 }
    }

    func countReconnect() {
        counts.withLock { $0.reconnects += 1 }
    }

    func countError(_ words: String) {
        counts.withLock {
            $0.errors += 1
            if $0.errorWords[words] != nil || $0.errorWords.count < 10 {
                $0.errorWords[words, default: 0] += 1
            }
        }
    }
}
