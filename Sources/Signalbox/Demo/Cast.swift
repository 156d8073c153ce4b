/// The agents and the one who makes mistakes, each with a queue of cues, and the schedule that fills them.
struct Cast: Sendable {
    /// A performer's queue. When it is full, the server is slower than the schedule and cues are dropped.
    private struct Desk<Element: Sendable>: Sendable {
        let cues: AsyncStream<Element>
        let caller: AsyncStream<Element>.Continuation

        init(depth: Int) {
            (cues, caller) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(depth))
        }

        /// False when the queue is full.
        func call(_ cue: Element) -> Bool {
            if case .dropped = caller.yield(cue) { return false }
            return true
        }
    }

    private let plan: DemoPlan
    private let tally: Tally
    private let agents: [(agent: DemoAgent, desk: Desk<Utterance>)]
    private let trespasser: (person: Trespasser, desk: Desk<Trespass>)

    init(plan: DemoPlan, rooms: [DemoRoom], tally: Tally) {
        self.plan = plan
        self.tally = tally
        agents = rooms.enumerated().flatMap { place, room in
            (0..<plan.agents).map { index in
                let agent = DemoAgent(
                    room: room, index: index, manner: plan.manner(room: place, agent: index),
                    address: plan.address, tally: tally)
                return (agent, Desk(depth: 64))
            }
        }
        trespasser = (Trespasser(room: rooms[0], address: plan.address, tally: tally), Desk(depth: 8))
    }

    /// Plays the schedule until its end or an interruption; returns when everyone has said their last word.
    func perform(until interruptions: AsyncStream<Void>) async {
        enum Leaving {
            case performer
            case timeIsUp
        }
        await withTaskGroup(of: Leaving.self) { group in
            for (agent, desk) in agents {
                group.addTask {
                    await agent.run(desk.cues)
                    return .performer
                }
            }
            group.addTask {
                await trespasser.person.run(trespasser.desk.cues)
                return .performer
            }
            await conduct(until: interruptions)
            for (_, desk) in agents { desk.caller.finish() }
            trespasser.desk.caller.finish()
            // Everyone finishes what was asked of them, unless the server is far too slow for it.
            group.addTask {
                await pause(.seconds(10))
                return .timeIsUp
            }
            var present = agents.count + 1
            while present > 0, case .performer? = await group.next() { present -= 1 }
            group.cancelAll()
        }
    }

    private func conduct(until interruptions: AsyncStream<Void>) async {
        await withTaskGroup(of: Void.self) { race in
            race.addTask { await play() }
            race.addTask { for await _ in interruptions { return } }
            await race.next()
            race.cancelAll()
        }
    }

    /// Calls the cues at their times, until the plan's duration is over or the task is cancelled.
    private func play() async {
        let start = ContinuousClock.now
        for cue in Schedule(seed: plan.seed, rate: plan.rate, rooms: plan.rooms, agents: plan.agents) {
            let offset = Duration.seconds(cue.second)
            if let duration = plan.duration, offset >= duration { break }
            guard (try? await Task.sleep(until: start + offset)) != nil else { return }
            switch cue.action {
            case .say(let utterance, let room, let agent):
                let called = agents[room * plan.agents + agent].desk.call(utterance)
                if !called { tally.countSkipped() }
            case .trespass(let trespass):
                _ = trespasser.desk.call(trespass)
            }
        }
        if let duration = plan.duration { try? await Task.sleep(until: start + duration) }
    }
}
