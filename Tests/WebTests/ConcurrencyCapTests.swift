import Testing
@testable import Web

@Suite("Places of one client")
struct ConcurrencyCapTests {
    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test("as many as the limit are given, and one given back can be taken again")
    func limit() throws {
        let cap = ConcurrencyCap(limit: 2)
        let client = try address("192.0.2.1")
        #expect(cap.acquire(client))
        #expect(cap.acquire(client))
        #expect(!cap.acquire(client))
        cap.release(client)
        #expect(cap.acquire(client))
        #expect(!cap.acquire(client))
    }

    @Test("another client has its own places")
    func separate() throws {
        let cap = ConcurrencyCap(limit: 1)
        #expect(cap.acquire(try address("192.0.2.1")))
        #expect(cap.acquire(try address("192.0.2.2")))
    }

    @Test("one IPv6 network of 64 bits is one client")
    func network() throws {
        let cap = ConcurrencyCap(limit: 1)
        #expect(cap.acquire(try address("2001:db8::1")))
        #expect(!cap.acquire(try address("2001:db8::2")))
        cap.release(try address("2001:db8::3"))
        #expect(cap.acquire(try address("2001:db8::4")))
    }

    @Test("giving back what wasn't taken opens no place")
    func releasedTwice() throws {
        let cap = ConcurrencyCap(limit: 1)
        let client = try address("192.0.2.1")
        cap.release(client)
        cap.release(client)
        #expect(cap.acquire(client))
        #expect(!cap.acquire(client))
    }
}
