/// What a run is to do.
struct DemoPlan: Sendable {
    let address: RelayAddress
    /// Messages per second in all.
    let rate: Double
    /// Nil runs until interrupted.
    let duration: Duration?
    let seed: UInt64
    let rooms: Int
    /// Readers of each room.
    let readers: Int
    /// Agents of each room: one that seems to be a browser, and two bots.
    let agents = 3

    /// What reader `index` of room `room` reads over: spread evenly, and differently in each room.
    func transport(room: Int, reader index: Int) -> ReadingTransport {
        ReadingTransport.allCases[(room + index) % ReadingTransport.allCases.count]
    }

    /// How agent `index` of room `room` posts.
    func manner(room: Int, agent index: Int) -> DemoAgent.Manner {
        switch index {
        case 0: .http(.browser)
        case 1: .http(.agent)
        default: room.isMultiple(of: 2) ? .webSocket : .http(.agent)
        }
    }

    /// Streams open at once, WebSockets of agents among them.
    var streams: Int {
        let reading = count { $0 != .longPoll }
        return reading + (0..<rooms).count(where: { $0.isMultiple(of: 2) })
    }

    /// Long-polls waiting at once.
    var waiters: Int { count { $0 == .longPoll } }

    private func count(_ wanted: (ReadingTransport) -> Bool) -> Int {
        (0..<rooms).reduce(0) { sum, room in
            sum + (0..<readers).count(where: { wanted(transport(room: room, reader: $0)) })
        }
    }
}
