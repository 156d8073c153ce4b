import NIOCore

/// Broadcasts that follow each other, joined for each wire form when the first subscriber needs it.
struct BroadcastFrames {
    let broadcasts: ArraySlice<Broadcast>
    /// How many of them are messages.
    let messages: UInt64
    private var joined: [ByteBuffer?] = [nil, nil, nil]

    /// More than that is sent in several goes, since what a slow reader doesn't take is kept joined.
    private static let bytesMax = 256 * 1024

    /// Takes the next broadcasts off a batch; nil when there are none.
    init?(next batch: inout ArraySlice<Broadcast>) {
        var end = batch.startIndex
        var bytes = 0
        while end < batch.endIndex {
            bytes += batch[end].bareEvent.readableBytes
            if bytes > Self.bytesMax, end > batch.startIndex { break }
            end += 1
        }
        guard end > batch.startIndex else { return nil }
        broadcasts = batch[..<end]
        messages = UInt64(broadcasts.count { $0.seq > 0 })
        batch = batch[end...]
    }

    subscript(_ wire: Broadcast.Wire) -> ByteBuffer {
        mutating get {
            if let known = joined[wire.rawValue] { return known }
            var all = broadcasts[broadcasts.startIndex][wire]
            if broadcasts.count > 1 {
                let first = all
                all = ByteBufferAllocator().buffer(
                    capacity: broadcasts.reduce(0) { $0 + $1[wire].readableBytes })
                all.writeImmutableBuffer(first)
                for broadcast in broadcasts.dropFirst() { all.writeImmutableBuffer(broadcast[wire]) }
            }
            joined[wire.rawValue] = all
            return all
        }
    }
}
