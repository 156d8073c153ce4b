import NIOCore
import Testing
import TestSupport
import Web
@testable import Relay

@Suite("Broadcasts joined for a delivery")
struct BroadcastFramesTests {
    private static var wires: [Broadcast.Wire] { [.chunkedEvent, .bareEvent, .socket] }
    private static let bytesMax = 256 * 1024

    private static func message(_ seq: UInt64, bytes: Int = 4, hasSockets: Bool = true) throws -> Broadcast {
        Broadcast(
            Message(seq: seq, draft: try .sized(bytes), sender: "ann", now: 1, uptime: 7),
            hasSockets: hasSockets)
    }

    /// An event whose bare form has so many bytes.
    private static func event(bareBytes: Int, _ byte: Character = "e") -> Broadcast {
        Broadcast(event: ByteBuffer(string: String(repeating: byte, count: bareBytes - 8)))
    }

    /// All goes that a batch is sent in.
    private static func goes(_ batch: ArraySlice<Broadcast>) -> [BroadcastFrames] {
        var rest = batch
        var goes: [BroadcastFrames] = []
        while let frames = BroadcastFrames(next: &rest) { goes.append(frames) }
        return goes
    }

    /// The forms of some broadcasts, one behind the other.
    private static func joined(_ broadcasts: some Sequence<Broadcast>, _ wire: Broadcast.Wire) -> ByteBuffer {
        var all = ByteBuffer()
        for broadcast in broadcasts { all.writeImmutableBuffer(broadcast[wire]) }
        return all
    }

    @Test("are none when there are none")
    func none() {
        #expect(Self.goes([]).isEmpty)
        #expect(Self.goes([Self.event(bareBytes: 10)][1...]).isEmpty)
    }

    @Test("are what they are one behind the other, in each form and in order", arguments: [1, 2, 3, 50])
    func concatenation(count: Int) throws {
        let batch = try (1...count).map {
            try $0 % 4 == 0
                ? Self.event(bareBytes: 20 + $0) : Self.message(UInt64($0), bytes: 4 * $0)
        }
        var goes = Self.goes(batch[...])
        #expect(goes.count == 1)
        for wire in Self.wires {
            let expected = Self.joined(batch, wire)
            let first = goes[0][wire]
            #expect(first == expected)
            // Asked again, for the next subscriber.
            let second = goes[0][wire]
            #expect(second == expected)
        }
        #expect(goes[0].broadcasts.map(\.seq) == batch.map(\.seq))
    }

    @Test("of one broadcast are its own bytes, not a copy")
    func single() throws {
        let broadcast = try Self.message(1, bytes: 4_000)
        var goes = Self.goes([broadcast])
        for wire in Self.wires {
            let one = goes[0][wire].withVeryUnsafeBytes { $0.baseAddress }
            let own = broadcast[wire].withVeryUnsafeBytes { $0.baseAddress }
            #expect(one == own)
        }
    }

    @Test("leave each broadcast's own bytes as they were")
    func untouched() throws {
        let batch = try (1...5).map { try Self.message(UInt64($0), bytes: 40) }
        let before = batch.map { broadcast in Self.wires.map { String(buffer: broadcast[$0]) } }
        var goes = Self.goes(batch[...])
        for wire in Self.wires { _ = goes[0][wire] }
        #expect(batch.map { broadcast in Self.wires.map { String(buffer: broadcast[$0]) } } == before)
    }

    @Test("without a socket in the room have no frames for one")
    func noSockets() throws {
        let batch = try (1...3).map { try Self.message(UInt64($0), hasSockets: false) }
        var goes = Self.goes(batch[...])
        let (socket, bare) = (goes[0][.socket], goes[0][.bareEvent])
        #expect(socket.readableBytes == 0)
        #expect(bare == Self.joined(batch, .bareEvent))
        #expect(goes[0].messages == 3)
    }

    @Test("count messages, and nothing else")
    func messages() throws {
        let events = (0..<3).map { Self.event(bareBytes: 20 + $0) }
        #expect(Self.goes(events[...]).map(\.messages) == [0])
        let mixed = [events[0], try Self.message(1), events[1], try Self.message(2), events[2]]
        #expect(Self.goes(mixed[...]).map(\.messages) == [2])
        #expect(Self.goes(mixed[2...]).map(\.messages) == [1])
    }

    @Test("go in several goes when they are more than a reader should have to take at once")
    func cut() throws {
        let batch = try (1...5).map { try Self.message(UInt64($0), bytes: 100_000) }
        let goes = Self.goes(batch[...])
        #expect(goes.map { $0.broadcasts.map(\.seq) } == [[1, 2], [3, 4], [5]])
        #expect(goes.map(\.messages) == [2, 2, 1])
    }

    @Test("of exactly the ceiling go at once, of a byte more they don't")
    func ceiling() {
        let half = Self.bytesMax / 2
        let exactly = [Self.event(bareBytes: half), Self.event(bareBytes: half)]
        #expect(exactly.map(\.bareEvent.readableBytes) == [half, half])
        #expect(Self.goes(exactly[...]).map(\.broadcasts.count) == [2])
        let more = [Self.event(bareBytes: half), Self.event(bareBytes: half + 1)]
        #expect(Self.goes(more[...]).map(\.broadcasts.count) == [1, 1])
    }

    @Test("one that is larger than the ceiling goes alone, wherever it stands")
    func large() {
        let small = Self.event(bareBytes: 100)
        let large = Self.event(bareBytes: 400_000, "l")
        for (batch, expected) in [
            ([large], [1]), ([large, small], [1, 1]), ([small, large], [1, 1]), ([large, large], [1, 1]),
            ([small, small, large, small, small], [2, 1, 2]), ([small, large, large], [1, 1, 1]),
        ] {
            var goes = Self.goes(batch[...])
            #expect(goes.map(\.broadcasts.count) == expected)
            for index in goes.indices where goes[index].broadcasts.first === large {
                let frames = goes[index][.chunkedEvent]
                #expect(frames == large.chunkedEvent)
            }
        }
    }

    @Test("of any lengths are all there in order, and each go is as long as it may be", arguments: 0..<20)
    func anyLengths(seed: Int) throws {
        var dice = SeededGenerator(seed: seed)
        var batch: [Broadcast] = []
        for seq in 1...Int.random(in: 1...40, using: &dice) {
            if dice.chance(1, in: 4) {
                let bytes = Int.random(in: 8...300_000, using: &dice)
                batch.append(Self.event(bareBytes: bytes))
            } else {
                let bytes = 4 * Int.random(in: 1...32_000, using: &dice)
                batch.append(try Self.message(UInt64(seq), bytes: bytes))
            }
        }
        let start = Int.random(in: 0..<batch.count, using: &dice)
        var goes = Self.goes(batch[start...])
        let sent = goes.flatMap { Array($0.broadcasts) }
        #expect(sent.map { ObjectIdentifier($0) } == batch[start...].map { ObjectIdentifier($0) })
        for wire in Self.wires {
            var all = ByteBuffer()
            for index in goes.indices {
                let frames = goes[index][wire]
                all.writeImmutableBuffer(frames)
            }
            // An expectation would print a megabyte.
            if all != Self.joined(batch[start...], wire) { Issue.record("seed \(seed): \(wire)") }
        }
        for index in goes.indices {
            let bytes = goes[index].broadcasts.reduce(0) { $0 + $1.bareEvent.readableBytes }
            #expect(bytes <= Self.bytesMax || goes[index].broadcasts.count == 1)
            let messages = goes[index].broadcasts.filter { $0.seq > 0 }.count
            #expect(goes[index].messages == UInt64(messages))
            if index + 1 < goes.count, let next = goes[index + 1].broadcasts.first {
                #expect(bytes + next.bareEvent.readableBytes > Self.bytesMax)
            }
        }
    }
}
