import Foundation

/// What can be wrong with what a subscriber receives.
enum DeliveryFault: Sendable {
    case undecryptable(seq: Int)
    case outOfOrder(seq: Int, after: Int)
    case duplicate(seq: Int)
    case missing(agent: Int, from: Int, through: Int)
    case repeated(agent: Int, number: Int)
    case differentOrder

    var sentence: String {
        switch self {
        case .undecryptable(let seq): "the message with seq \(seq) could not be decrypted"
        case .outOfOrder(let seq, let last): "seq \(seq) came after \(last)"
        case .duplicate(let seq): "seq \(seq) came twice"
        case .missing(let agent, let from, let through):
            from == through
                ? "message \(from) of \(Phrases.names[agent]) is missing"
                : "messages \(from) to \(through) of \(Phrases.names[agent]) are missing"
        case .repeated(let agent, let number):
            "message \(number) of \(Phrases.names[agent]) came again or too late"
        case .differentOrder: "the order differs from the room's other readers"
        }
    }
}

/// Follows one subscriber's messages and says what is missing, twice there or out of order.
///
/// Its memory doesn't grow with the run: agents number their messages, so the last number of each is enough.
struct DeliveryCheck: Sendable {
    /// The seq to go on from.
    private(set) var lastSeq = 0
    private(set) var received = 0
    /// Equal for two subscribers that got the same messages in the same order.
    private(set) var fingerprint: UInt64 = 0
    private(set) var faultless = true
    private let room: DemoRoom
    private var lastNumbers: [Int]

    init(room: DemoRoom, agents: Int) {
        self.room = room
        lastNumbers = Array(repeating: 0, count: agents)
    }

    /// Takes the next message and returns what is wrong with it; nothing, as a rule.
    mutating func accept(_ message: Message) -> [DeliveryFault] {
        let faults = judge(message)
        if !faults.isEmpty { faultless = false }
        return faults
    }

    /// What is missing now that everything was sent.
    func missing() -> [DeliveryFault] {
        zip(lastNumbers, room.handedOut).enumerated().compactMap { agent, numbers in
            gap(of: agent, from: numbers.0 + 1, through: numbers.1)
        }
    }

    private mutating func judge(_ message: Message) -> [DeliveryFault] {
        guard message.seq > lastSeq else {
            return [
                message.seq == lastSeq
                    ? .duplicate(seq: message.seq) : .outOfOrder(seq: message.seq, after: lastSeq)
            ]
        }
        lastSeq = message.seq
        received += 1
        guard let text = room.box.open(message.sealed),
            let note = try? JSONDecoder().decode(Note.self, from: text),
            lastNumbers.indices.contains(note.agent)
        else { return [.undecryptable(seq: message.seq)] }
        mix(message.seq, note)
        let last = lastNumbers[note.agent]
        guard note.number > last else {
            // A message whose connection broke may arrive behind the agent's next one.
            return room.isDoubtful(number: note.number, of: note.agent)
                ? [] : [.repeated(agent: note.agent, number: note.number)]
        }
        lastNumbers[note.agent] = note.number
        return gap(of: note.agent, from: last + 1, through: note.number - 1).map { [$0] } ?? []
    }

    private func gap(of agent: Int, from: Int, through: Int) -> DeliveryFault? {
        guard from <= through else { return nil }
        let lost = (from...through).filter { !room.isDoubtful(number: $0, of: agent) }
        guard let first = lost.first, let last = lost.last else { return nil }
        return .missing(agent: agent, from: first, through: last)
    }

    private mutating func mix(_ seq: Int, _ note: Note) {
        for part in [seq, note.agent, note.number] {
            var mixer = SplitMix64(seed: fingerprint ^ UInt64(truncatingIfNeeded: part))
            fingerprint = mixer.next()
        }
    }
}
