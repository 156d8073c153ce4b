import NIOCore
import SignalboxMetrics
import Web

/// The live subscribers of one room on one event loop, and what is on its way to them.
///
/// A message crosses to the loop once, however many subscribers it has there; what piles up before the loop
/// gets to it is joined and sent to each subscriber at once.
final class LoopSubscribers: @unchecked Sendable {
    // Safe to share: `members` and `hasNewcomers` are touched on `eventLoop` alone; `pending` and `isScheduled`
    // under the room's lock alone.
    let eventLoop: any EventLoop
    private var members: [Member] = []
    private var hasNewcomers = false
    var pending: [Broadcast] = []
    var isScheduled = false

    private struct Member {
        let subscriber: RoomSubscriber
        /// The subscriber's own, here so that a delivery needs to look in one place only.
        let connection: FrontHandler
        let wire: Broadcast.Wire
        /// May have read while catching up what is on its way.
        var isNewcomer = true
    }

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func add(_ subscriber: RoomSubscriber) {
        eventLoop.assertInEventLoop()
        subscriber.memberIndex = members.count
        members.append(
            Member(subscriber: subscriber, connection: subscriber.connection, wire: subscriber.form))
        hasNewcomers = true
    }

    func remove(_ subscriber: RoomSubscriber) {
        eventLoop.assertInEventLoop()
        let index = subscriber.memberIndex
        guard index >= 0 else { return }
        let last = members.count - 1
        if index != last {
            members.swapAt(index, last)
            members[index].subscriber.memberIndex = index
        }
        members.removeLast()
        subscriber.memberIndex = -1
    }

    /// Sends a batch to every member.
    func deliver(_ batch: [Broadcast], meter: Meter) {
        eventLoop.assertInEventLoop()
        guard !members.isEmpty else { return }
        var delivered = DeliveryCount()
        var rest = batch[...]
        while let frames = BroadcastFrames(next: &rest) { send(frames, meter, &delivered) }
        if hasNewcomers {
            for index in members.indices { members[index].isNewcomer = false }
            hasNewcomers = false
        }
        delivered.observeLag(of: batch, on: meter)
    }

    private func send(_ frames: BroadcastFrames, _ meter: Meter, _ delivered: inout DeliveryCount) {
        var frames = frames
        // Backwards, for a member that is dropped for slowness leaves while we go on, and the last takes its place.
        var index = members.count
        while index > 0 {
            index -= 1
            guard index < members.count else { continue }
            let wire = members[index].wire
            let connection = members[index].connection
            guard !members[index].isNewcomer, connection.canSendAtOnce else {
                members[index].subscriber.deliver(frames.broadcasts, counting: &delivered)
                continue
            }
            // Before its bytes leave: what a client has read was counted, whenever the process dies.
            meter.add(.deliveries(wire == .socket ? .ws : .sse), frames.messages)
            connection.send(frames[wire])
            delivered.add(frames.messages, by: wire)
        }
    }
}

/// How many messages of a batch went to subscribers, so that their lag costs the same for one or a thousand.
struct DeliveryCount {
    private var events: UInt64 = 0
    private var sockets: UInt64 = 0

    mutating func add(_ messages: UInt64, by wire: Broadcast.Wire) {
        if wire == .socket { sockets += messages } else { events += messages }
    }

    func observeLag(of batch: [Broadcast], on meter: Meter) {
        let messages = batch.filter { $0.seq > 0 }
        guard !messages.isEmpty else { return }
        let now = NIODeadline.now().uptimeNanoseconds
        let share = UInt64(messages.count)
        for message in messages {
            let lag = now &- message.acceptedUptime
            if events >= share { meter.observe(.deliveryLag(.sse), nanoseconds: lag, count: events / share) }
            if sockets >= share { meter.observe(.deliveryLag(.ws), nanoseconds: lag, count: sockets / share) }
        }
    }
}
