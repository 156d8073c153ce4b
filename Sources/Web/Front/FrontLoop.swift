import Atomics
import Foundation
import NIOCore

/// What the connections of one event loop share: their deadlines and the Date header. Touched on that loop
/// only, except for the count.
public final class FrontLoop: @unchecked Sendable {
    // Safe to share: everything mutable but the atomic is reached on `eventLoop` alone, which `add`,
    // `remove`, `setDeadline` and the tick assert.
    let eventLoop: any EventLoop
    private var connections: [FrontHandler] = []
    /// Uptime in ns at which each connection wants to be told; beside `connections`, so that a sweep over
    /// thousands reads one run of memory.
    private var deadlines: [UInt64] = []
    private var ticking = false
    /// Who has answers to send when everything that was there to read has been read.
    private var answered: [FrontHandler] = []
    private var dateText = ""
    private var dateSecond: time_t = -1
    private var jsonHead = JSONHead()
    let connectionCount = ManagedAtomic<Int>(0)

    /// How exact a deadline is.
    private static let tick = TimeAmount.milliseconds(50)

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func add(_ connection: FrontHandler) {
        eventLoop.assertInEventLoop()
        connection.loopIndex = connections.count
        connections.append(connection)
        deadlines.append(.max)
        connectionCount.wrappingIncrement(ordering: .relaxed)
        startTicking()
    }

    func remove(_ connection: FrontHandler) {
        eventLoop.assertInEventLoop()
        let index = connection.loopIndex
        guard index >= 0 else { return }
        connections.swapAt(index, connections.count - 1)
        deadlines.swapAt(index, deadlines.count - 1)
        connections[index].loopIndex = index
        connections.removeLast()
        deadlines.removeLast()
        connection.loopIndex = -1
        connectionCount.wrappingDecrement(ordering: .relaxed)
    }

    func setDeadline(_ deadline: NIODeadline?, of connection: FrontHandler) {
        guard connection.loopIndex >= 0 else { return }
        deadlines[connection.loopIndex] = deadline?.uptimeNanoseconds ?? .max
    }

    /// Has the connection's answers sent when every socket that had something to read was read: a client of several
    /// connections is woken once then, not by each answer.
    func flushSoon(_ connection: FrontHandler) {
        eventLoop.assertInEventLoop()
        answered.append(connection)
        guard answered.count == 1 else { return }
        eventLoop.execute {
            let answered = self.answered
            self.answered.removeAll(keepingCapacity: true)
            for connection in answered { connection.flush() }
        }
    }

    /// One timer for all connections of the loop: a scheduled task for each would cost more than an idle
    /// stream does otherwise.
    private func startTicking() {
        guard !ticking else { return }
        ticking = true
        eventLoop.scheduleTask(in: Self.tick) { self.sweep() }
    }

    private func sweep() {
        ticking = false
        let now = NIODeadline.now().uptimeNanoseconds
        var index = 0
        while index < deadlines.count {
            if deadlines[index] <= now {
                deadlines[index] = .max
                let connection = connections[index]
                connection.deadlineReached()
                // The connection may have left; then another one stands here now.
                if connection.loopIndex == index { index += 1 }
            } else {
                index += 1
            }
        }
        if !connections.isEmpty { startTicking() }
    }

    /// A whole answer of status 200 in JSON, for a connection that stays open.
    func jsonAnswer(_ body: ByteBuffer) -> ByteBuffer {
        let date = date
        if jsonHead.second != dateSecond {
            var bytes = ByteBuffer()
            ResponseBytes.encode(
                .json(ByteBuffer()), date: date, keepAlive: true, omitBody: false, into: &bytes)
            jsonHead = JSONHead(bytes, second: dateSecond)
        }
        var answer = ByteBuffer()
        let (before, after) = (jsonHead.beforeLength, jsonHead.afterLength)
        answer.writeText(
            capacity: before.readableBytes + 20 + after.readableBytes + body.readableBytes
        ) {
            $0.put(before)
            $0.put(UInt64(body.readableBytes))
            $0.put(after)
            $0.put(body)
        }
        return answer
    }

    /// The head of such an answer, cut where the length of the body stands.
    private struct JSONHead {
        var beforeLength = ByteBuffer()
        var afterLength = ByteBuffer()
        var second: time_t = -1

        init() {}

        init(_ emptyAnswer: ByteBuffer, second: time_t) {
            let field = Array("Content-Length: ".utf8)
            let bytes = emptyAnswer.readableBytesView
            var at = bytes.startIndex
            while !bytes[at...].starts(with: field) { at += 1 }
            at += field.count
            beforeLength = ByteBuffer(bytes: bytes[..<at])
            afterLength = ByteBuffer(bytes: bytes[(at + 1)...])
            self.second = second
        }
    }

    /// The Date header's value, made once a second.
    var date: String {
        var now = time(nil)
        if now != dateSecond {
            dateSecond = now
            var parts = tm()
            gmtime_r(&now, &parts)
            let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
            let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
            dateText =
                "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) "
                + "\(parts.tm_year + 1900) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
        }
        return dateText
    }
}
