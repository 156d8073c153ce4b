import NIOCore
import TestSupport
import Testing
import Web
@testable import Relay

@Suite("The parked waits of a room")
struct ParkedWaitsTests {
    /// Makes waits on event loops of their own: of one connection each, which is never answered.
    private struct Loops {
        private let house: House
        private let room: Room
        private let fronts: [EmbeddedFront]
        private let seen = EmbeddedFront.Seen()

        init(_ count: Int) throws {
            let (house, seen) = (try House(), seen)
            self.house = house
            room = try #require(house.registry.findOrOpen(try House.id("room")))
            fronts = try (0..<count).map { _ in
                let hot = StubHot { request, connection in
                    seen.requests.append(request)
                    seen.connections.append(connection)
                    return true
                }
                let front = try EmbeddedFront(hot: hot, meter: house.meter)
                try front.receive("GET /api/rooms/room/wait HTTP/1.1\r\nHost: a\r\n\r\n")
                return front
            }
        }

        func wait(on loop: Int) -> RoomWait {
            RoomWait(
                request: seen.requests[loop], after: 0, isImmediate: false, room: room, relay: house.rooms,
                connection: seen.connections[loop])
        }
    }

    @Test("are who came and hasn't left, whatever the order", arguments: 0..<20 as Range<UInt64>)
    func likeASet(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let loops = try Loops(3)
        var parked = ParkedWaits()
        var (model, gone) = ([RoomWait](), [RoomWait]())
        for _ in 0..<400 {
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<10:
                let wait = loops.wait(on: Int.random(in: 0..<3, using: &random))
                parked.add(wait)
                model.append(wait)
            case 10..<18:
                guard let index = model.indices.randomElement(using: &random) else { continue }
                let wait = model.remove(at: index)
                let wasHere = parked.remove(wait)
                #expect(wasHere)
                gone.append(wait)
            case 18:
                // Who was woken already, or left before, takes nobody else's place.
                for wait in gone {
                    let wasHere = parked.remove(wait)
                    #expect(!wasHere)
                }
            default:
                var taken: [RoomWait] = []
                parked.takeAll { eventLoop, waits in
                    #expect(waits.allSatisfy { $0.eventLoop === eventLoop })
                    taken += waits
                }
                #expect(Set(taken.map { ObjectIdentifier($0) }) == Set(model.map { ObjectIdentifier($0) }))
                #expect(taken.count == model.count)
                gone += model
                model = []
            }
            #expect(parked.count == model.count)
        }
    }

    @Test("are handed on in the order they came while nobody leaves")
    func inOrder() throws {
        let loops = try Loops(1)
        let waits = (0..<5).map { _ in loops.wait(on: 0) }
        var parked = ParkedWaits()
        for wait in waits { parked.add(wait) }
        var taken: [RoomWait] = []
        parked.takeAll { _, waits in taken = waits }
        #expect(taken.map { ObjectIdentifier($0) } == waits.map { ObjectIdentifier($0) })
    }
}
