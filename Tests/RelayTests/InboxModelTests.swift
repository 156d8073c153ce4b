import Testing
import TestSupport
@testable import Relay

@Suite("One inbox, at random")
struct InboxModelTests {
    private struct Item: Equatable {
        let seq: UInt64
        let id: String
        let verified: Bool
        let at: Int64
    }

    @Test("behaves like a list that is cut by the rules one after the other", arguments: 0..<9)
    func model(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        var limits = IdentityLimits()
        if seed % 3 > 0 { (limits.inboxMessages, limits.inboxAnonymous) = (12, [4, 12, 0, 1][seed % 4]) }
        limits.inboxPage = 7
        let (sender, draft) = (try Handle.made("sender"), try DirectMessageDraft.sized(4))
        var inbox = Inbox()
        var model: [Item] = []
        var (now, seq): (Int64, UInt64) = (0, 0)
        for _ in 0..<1_500 {
            now += Int64.random(in: 0...5, using: &random)
            var gone: [Item] = []
            func release(_ message: DirectMessage) {
                gone.append(
                    Item(
                        seq: message.seq, id: message.id, verified: message.isVerified,
                        at: message.acceptedAt))
            }
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                let cutoff = now - Int64.random(in: 0...200, using: &random)
                let expected = model.filter { $0.at < cutoff }
                inbox.prune(before: cutoff, release: release)
                #expect(gone == expected)
                model.removeAll { $0.at < cutoff }
            case 1...3:
                guard let item = model.randomElement(using: &random) else { continue }
                #expect(inbox.remove(item.id)?.seq == item.seq)
                model.removeAll { $0 == item }
            case 4:
                let after = UInt64.random(in: 0...(seq + 1), using: &random)
                let (page, more) = inbox.page(after: after, limits)
                let expected = model.filter { $0.seq > after }
                #expect(page.map(\.id) == expected.prefix(7).map(\.id))
                #expect(more == (expected.count > 7))
            default:
                let verified = random.chance(1, in: seed % 2 + 2)
                let verifiedCount = model.count { $0.verified }
                let hasPlace =
                    verified || (limits.inboxAnonymous > 0 && verifiedCount < limits.inboxMessages)
                #expect(inbox.hasPlace(isVerified: verified, limits) == hasPlace)
                guard hasPlace else { continue }
                seq += 1
                let message = DirectMessage(
                    seq: seq, draft: draft, sender: verified ? sender : nil, now: now)
                inbox.append(message, limits, release: release)
                model.append(Item(seq: seq, id: message.id, verified: verified, at: now))
                let expected = cut(&model, limits)
                #expect(gone == expected)
                if !verified { #expect(gone.allSatisfy { !$0.verified }) }
            }
            #expect(inbox.count == model.count)
            #expect(inbox.count <= limits.inboxMessages)
            #expect(model.count { !$0.verified } <= limits.inboxAnonymous)
        }
        var rest: [UInt64] = []
        inbox.removeAll { rest.append($0.seq) }
        #expect(rest == model.map(\.seq))
        #expect(inbox.isEmpty)
    }

    /// What has to go, in order.
    private func cut(_ model: inout [Item], _ limits: IdentityLimits) -> [Item] {
        var gone: [Item] = []
        func drop(_ index: Int) { gone.append(model.remove(at: index)) }
        while model.count(where: { !$0.verified }) > limits.inboxAnonymous,
            let index = model.firstIndex(where: { !$0.verified })
        {
            drop(index)
        }
        while model.count > limits.inboxMessages { drop(model.firstIndex { !$0.verified } ?? 0) }
        return gone
    }
}
