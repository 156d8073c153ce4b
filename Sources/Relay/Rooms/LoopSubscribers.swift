import NIOCore
import SignalboxMetrics

/// The live subscribers of one room on one event loop, and what is on its way to them.
///
/// A message crosses to the loop once, however many subscribers it has there; what piles up before the loop
/// gets to it is written together and flushed once per subscriber.
final class LoopSubscribers: @unchecked Sendable {
    // Safe to share: `members` is touched on `eventLoop` alone; `pending` and `isScheduled` under the
    // room's lock alone.
    let eventLoop: any EventLoop
    private var members: [RoomSubscriber] = []
    var pending: [Broadcast] = []
    var isScheduled = false

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func add(_ subscriber: RoomSubscriber) {
        eventLoop.assertInEventLoop()
        subscriber.memberIndex = members.count
        members.append(subscriber)
    }

    func remove(_ subscriber: RoomSubscriber) {
        eventLoop.assertInEventLoop()
        let index = subscriber.memberIndex
        guard index >= 0 else { return }
        let last = members.count - 1
        if index != last {
            members.swapAt(index, last)
            members[index].memberIndex = index
        }
        members.removeLast()
        subscriber.memberIndex = -1
    }

    /// Writes a batch to every member. A member that is dropped for slowness leaves while we go on.
    func deliver(_ batch: [Broadcast], meter: Meter) {
        eventLoop.assertInEventLoop()
        guard !members.isEmpty else { return }
        let present = members
        var delivered = DeliveryCount()
        for member in present { member.deliver(batch, counting: &delivered) }
        delivered.observeLag(of: batch, on: meter)
    }
}

/// How many messages of a batch went to subscribers, so that their lag costs the same for one or a thousand.
struct DeliveryCount {
    var events: UInt64 = 0
    var sockets: UInt64 = 0

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
