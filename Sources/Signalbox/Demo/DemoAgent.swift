import Foundation

/// A bot that says something in its room whenever its cue comes.
struct DemoAgent: Sendable {
    /// How it posts, and who it seems to be.
    enum Manner: Sendable {
        case http(Visitor)
        case webSocket
    }

    let room: DemoRoom
    /// Its place among the room's agents.
    let index: Int
    let manner: Manner
    let address: RelayAddress
    let tally: Tally

    private var name: String { Phrases.names[index] }

    /// Says what the cues ask for, one after the other, until they end or the task is cancelled.
    func run(_ cues: AsyncStream<Utterance>) async {
        var line: (any PostingLine)?
        for await utterance in cues {
            let number = room.nextNumber(of: index)
            let sent = await say(utterance, as: number, over: &line)
            if !sent { room.doubt(number: number, of: index) }
        }
        line?.close()
    }

    /// False if the message was refused, or if nobody knows what became of it.
    private func say(_ utterance: Utterance, as number: Int, over line: inout (any PostingLine)?) async
        -> Bool
    {
        while !Task.isCancelled {
            do {
                let posting = try posting(utterance, as: number)
                let open = try await ready(line)
                line = open
                let receipt = try await open.post(posting)
                room.record(receipt)
                tally.countSent(manner, characters: posting.ciphertext.count)
                return true
            } catch let error as RelayError {
                if case .unreachable = error {
                    report(error)
                    await pause(.milliseconds(500))
                } else if let asked = error.pauseAsked {
                    tally.countHeldBack(for: asked)
                    await pause(asked)
                } else {
                    report(error)
                    if case .lost = error { line?.close() }
                    return false
                }
            } catch {
                tally.countError("\(title): \(error)")
                return false
            }
        }
        return false
    }

    private func ready(_ line: (any PostingLine)?) async throws -> any PostingLine {
        if let line, line.isOpen { return line }
        switch manner {
        case .http(let visitor):
            return try await HTTPPostingLine.open(address, room: room, visitor: visitor)
        case .webSocket:
            return try await WebSocketPostingLine.open(address, room: room, name: name)
        }
    }

    private func posting(_ utterance: Utterance, as number: Int) throws -> Posting {
        let note = Note(agent: index, number: number, text: utterance.text)
        let sealed = room.box.seal(try JSONEncoder().encode(note))
        return Posting(
            sender: name, ciphertext: sealed.ciphertext, nonce: sealed.nonce,
            replyTo: utterance.isReply ? room.replyable : nil, ttlMs: utterance.lifetime)
    }

    private var title: String { "room \(room.number), agent \(name)" }

    private func report(_ error: RelayError) {
        // A cancelled task closes its own connection; that is no error.
        guard !Task.isCancelled else { return }
        tally.countError("\(title): \(error.words)")
    }
}
