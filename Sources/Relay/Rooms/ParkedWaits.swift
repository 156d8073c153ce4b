import NIOCore

/// The long-polls that wait for a room's next message, by the event loop each lives on. Touched under the room's
/// lock.
///
/// Every wait knows its place here: a poll is parked and woken without anything being looked up or hashed.
struct ParkedWaits {
    private var loops: [(eventLoop: any EventLoop, waits: [RoomWait])] = []
    private(set) var count = 0

    /// Parks a wait, which then knows its place.
    mutating func add(_ wait: RoomWait) {
        let loop = index(of: wait.eventLoop)
        wait.place = loops[loop].waits.count
        loops[loop].waits.append(wait)
        count += 1
    }

    private mutating func index(of eventLoop: any EventLoop) -> Int {
        if let known = loops.firstIndex(where: { $0.eventLoop === eventLoop }) { return known }
        loops.append((eventLoop, []))
        return loops.count - 1
    }

    /// Takes one back, and gives its place to the last; false when it isn't here any more.
    mutating func remove(_ wait: RoomWait) -> Bool {
        guard let loop = loops.firstIndex(where: { $0.eventLoop === wait.eventLoop }) else { return false }
        let (place, last) = (wait.place, loops[loop].waits.count - 1)
        // After all were taken, its place is nobody's or another one's.
        guard place <= last, loops[loop].waits[place] === wait else { return false }
        loops[loop].waits.swapAt(place, last)
        loops[loop].waits[place].place = place
        loops[loop].waits.removeLast()
        count -= 1
        return true
    }

    /// Takes all of them, and hands on each loop's together.
    mutating func takeAll(_ hand: (any EventLoop, [RoomWait]) -> Void) {
        count = 0
        for index in loops.indices where !loops[index].waits.isEmpty {
            let waits = loops[index].waits
            loops[index].waits = []
            hand(loops[index].eventLoop, waits)
        }
    }
}
