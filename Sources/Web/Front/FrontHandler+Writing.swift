#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
public import NIOCore

/// Bytes on their way out, past any encoder.
///
/// What can go at once is handed to the kernel here: a message to five hundred readers is five hundred calls of
/// `send`, and between two of them nothing is queued, copied or counted by reference. Only what a socket doesn't
/// take waits in the channel, and what follows it waits behind it.
extension FrontHandler {
    /// Queues bytes in the channel, which shares them; ``flush()`` sends them.
    public func write(_ bytes: ByteBuffer) {
        if let answers = takeAnswers() { queue(answers) }
        queue(bytes)
    }

    /// Sends what was queued.
    public func flush() {
        if let answers = takeAnswers() { return send(answers) }
        if mayBeQueued { context?.flush() }
    }

    /// Sends bytes behind whatever was queued, at once.
    public func send(_ bytes: ByteBuffer) {
        var rest = bytes
        if canSendAtOnce {
            let sent = rest.withUnsafeReadableBytes { Self.send($0, to: descriptor) }
            rest.moveReaderIndex(forwardBy: sent)
            guard rest.readableBytes > 0 else { return }
        }
        write(rest)
        context?.flush()
    }

    /// Whether nothing waits in the channel, so that bytes may go past it.
    public var canSendAtOnce: Bool {
        guard descriptor >= 0, answers == nil else { return false }
        if mayBeQueued { mayBeQueued = queuedBytes > 0 }
        return !mayBeQueued
    }

    /// Hands bytes to the kernel; how many it took. What it wouldn't is the channel's to send: it waits for the
    /// socket, and finds out what is wrong with it.
    private static func send(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> Int {
        while true {
            #if canImport(Glibc)
                let sent = Glibc.send(
                    descriptor, bytes.baseAddress, bytes.count, CInt(MSG_DONTWAIT | MSG_NOSIGNAL))
            #else
                // NIO has set SO_NOSIGPIPE.
                let sent = Darwin.send(descriptor, bytes.baseAddress, bytes.count, MSG_DONTWAIT)
            #endif
            if sent >= 0 { return sent }
            if errno != EINTR { return 0 }
        }
    }

    /// Bounds what the kernel keeps of a stream that its reader doesn't take, in bytes. By itself it would take
    /// megabytes for each, which no bound of ours counts.
    private static let kernelBytes: CInt = 65_536

    /// Has the kernel take little more than what is on its way: the rest waits here, where it is shared.
    func boundKernelQueue() {
        #if canImport(Glibc)
            guard descriptor >= 0 else { return }
            var bytes = Self.kernelBytes
            _ = setsockopt(
                descriptor, CInt(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &bytes, socklen_t(MemoryLayout<CInt>.size))
        #endif
    }

    /// Has closing throw away what the kernel keeps: a reader that takes nothing would hold it for minutes.
    func forgetKernelQueue() {
        guard descriptor >= 0 else { return }
        var now = linger(l_onoff: 1, l_linger: 0)
        _ = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }

    /// Collects an answer: pipelined requests of one read are answered by one write.
    func append(answer bytes: ByteBuffer) {
        guard context != nil else { return }
        if answers == nil { answers = bytes } else { answers?.writeImmutableBuffer(bytes) }
    }

    /// Whether so much waits for the end of the read that a client which doesn't take it must be noticed first, or
    /// it could ask for more and more.
    var owesMuch: Bool { (answers?.readableBytes ?? 0) >= 65_536 }

    /// Sends what was answered and closes.
    func closeNow() {
        flush()
        context?.close(promise: nil)
    }

    private func takeAnswers() -> ByteBuffer? {
        defer { answers = nil }
        return answers
    }

    private func queue(_ bytes: ByteBuffer) {
        mayBeQueued = true
        queuedInAll += bytes.readableBytes
        context?.write(NIOAny(bytes), promise: nil)
    }

    /// Whether the socket keeps up with what is written.
    public var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Bytes that the socket has taken of those that had to be queued, since the beginning.
    public var takenBytes: Int { queuedInAll - queuedBytes }

    /// Bytes queued that the socket hasn't taken.
    public var queuedBytes: Int {
        guard let options = context?.channel.syncOptions else { return 0 }
        return (try? options.getOption(.bufferedWritableBytes)) ?? 0
    }
}
