import Foundation
import Synchronization

/// A room of this run: its random id and key, and what was said in it.
///
/// Id and key never leave this type but for the wire; people are told the number.
final class DemoRoom: Sendable {
    /// Counted from 1, for sentences.
    let number: Int
    let box = SecretBox()
    private let id: String
    private let ledger: Mutex<Ledger>

    init(number: Int, agents: Int) {
        self.number = number
        id = Data(SecretBox.randomBytes(15)).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
        ledger = Mutex(Ledger(handedOut: Array(repeating: 0, count: agents)))
    }

    func route(_ rest: String) -> String {
        "/api/rooms/\(id)/\(rest)"
    }

    /// The number of `agent`'s next message.
    func nextNumber(of agent: Int) -> Int {
        ledger.withLock {
            $0.handedOut[agent] += 1
            return $0.handedOut[agent]
        }
    }

    /// The server has message `receipt`.
    func record(_ receipt: Receipt) {
        ledger.withLock {
            $0.lastSeq = max($0.lastSeq, receipt.seq)
            $0.recentIDs.append(receipt.id)
            if $0.recentIDs.count > 8 { $0.recentIDs.removeFirst() }
        }
    }

    /// Nobody knows whether the server has this message, so a reader may see it or not.
    func doubt(number: Int, of agent: Int) {
        ledger.withLock { _ = $0.doubtful.insert(Ledger.Mark(agent: agent, number: number)) }
    }

    func isDoubtful(number: Int, of agent: Int) -> Bool {
        ledger.withLock { $0.doubtful.contains(Ledger.Mark(agent: agent, number: number)) }
    }

    /// A message to reply to, if there is one already.
    var replyable: String? { ledger.withLock { $0.recentIDs.first } }

    var lastSeq: Int { ledger.withLock { $0.lastSeq } }

    /// The last number of each agent.
    var handedOut: [Int] { ledger.withLock { $0.handedOut } }

    var hasDoubts: Bool { ledger.withLock { !$0.doubtful.isEmpty } }

    private struct Ledger {
        struct Mark: Hashable {
            let agent: Int
            let number: Int
        }

        var handedOut: [Int]
        var doubtful: Set<Mark> = []
        var recentIDs: [String] = []
        var lastSeq = 0
    }
}
