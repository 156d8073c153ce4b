import NIOCore
import NIOEmbedded
import NIOHTTP1
import SignalboxMetrics
import TestSupport
@testable import Web

/// A connection without a socket, on a loop that moves only when told: for what must happen in one instant.
final class EmbeddedFront {
    let channel: EmbeddedChannel
    let meter = Meter()

    /// What a stub keeps of the requests it was given.
    ///
    /// `@unchecked Sendable` is safe: an embedded loop runs on the test's own thread.
    final class Seen: @unchecked Sendable {
        var connections: [FrontHandler] = []
        var stackAddresses: [UInt] = []
    }

    init(hot: any HotResponder) throws {
        channel = EmbeddedChannel()
        let front = Front(
            meter: meter, proxies: .loopback, hot: hot, cold: StubCold(), eventLoops: [channel.embeddedEventLoop])
        try front.setUp(channel).wait()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func receive(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    /// All that was sent since the last call.
    func sent() throws -> String {
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text
    }
}

/// A request whose answer the test gives itself.
final class Parking: ParkedRequest {
    func timedOut() {}
    func shutDown() {}
    func cancelled() {}
}
