import NIOCore
import Testing
import Web
@testable import Relay

@Suite("Pages of a room")
struct PageTests {
    private func room(_ house: House) throws -> Room {
        try #require(house.registry.find(try House.id("room")))
    }

    private func json(_ page: RoomPage) throws -> JSONValue {
        try JSONParser.parse(JSONWriter.object { page.write(to: &$0) })
    }

    @Test("a cut page's last_seq is that of its last message, so that resuming skips nothing")
    func cut() throws {
        let house = try House(now: 100)
        for _ in 0..<5 { try house.accept("room") }
        let page = try room(house).page(after: 0, limit: 2)
        #expect(page.lastSeq == 101)
        #expect(page.hasMore)
        let json = try json(page)
        #expect(json["last_seq"] == .number(101))
        #expect(json["has_more"] == .bool(true))
    }

    @Test("a whole page's last_seq is the room's, and nothing says there is more")
    func whole() throws {
        let house = try House(now: 100)
        for _ in 0..<5 { try house.accept("room") }
        let page = try room(house).page(after: 103, limit: 5)
        #expect(page.messages.map(\.seq) == [104])
        #expect(page.lastSeq == 104)
        #expect(try json(page)["has_more"] == nil)
    }

    @Test("reading page after page gives every message once")
    func resumed() throws {
        let house = try House(now: 100) { $0.pageBytes = 3_000 }
        for size in 0..<40 { try house.accept("room", .sized(4 + size % 9 * 400)) }
        var seen: [UInt64] = []
        var after: UInt64 = 0
        while true {
            let page = try room(house).page(after: after, limit: 7)
            seen += page.messages.map(\.seq)
            after = page.lastSeq
            if !page.hasMore { break }
        }
        #expect(seen == (0..<40).map { 100 + UInt64($0) })
    }

    @Test("messages on pages have no type")
    func untyped() throws {
        let house = try House()
        try house.accept("room")
        guard case .array(let messages) = try json(try room(house).page(after: 0, limit: 5))["messages"]
        else {
            return #expect(Bool(false), "no messages")
        }
        #expect(messages.count == 1)
        #expect(messages.first?["type"] == nil)
    }

    @Test("what has expired is on no page")
    func expired() throws {
        let house = try House()
        try house.accept("room", .made(["ttl_ms": .number(30_000)]))
        house.clock.now += 30_000
        #expect(try room(house).page(after: 0, limit: 5).messages.isEmpty)
    }
}
