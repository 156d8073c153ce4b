import NIOCore
import Testing
import TestSupport
import Web

@Suite("Many requests pipelined behind a slow one")
struct PipelinedDepthTests {
    @Test("are answered one after the other, not each inside of the one before")
    func stackStaysFlat() throws {
        let seen = EmbeddedFront.Seen()
        let hot = StubHot { request, connection in
            if seen.connections.isEmpty {
                seen.connections.append(connection)
                connection.park(Parking(), timeout: .seconds(60))
                return true
            }
            var local: UInt8 = 0
            withUnsafePointer(to: &local) { seen.stackAddresses.append(UInt(bitPattern: $0)) }
            connection.respond(FrontResponse())
            return true
        }
        let front = try EmbeddedFront(hot: hot)
        let count = 200
        try front.receive(String(repeating: Side.hot.get(), count: count + 1))
        #expect(seen.stackAddresses.isEmpty)
        // The slow one's answer lets all the others go.
        seen.connections.first?.respond(FrontResponse())
        #expect(seen.stackAddresses.count == count)
        let depth = (seen.stackAddresses.max() ?? 0) - (seen.stackAddresses.min() ?? 0)
        // A read brings a quarter of a megabyte of such requests, a thread's stack is some megabytes.
        #expect(depth < 16_384, "the stack grows by \(Int(depth) / count) bytes for each request")
    }
}
