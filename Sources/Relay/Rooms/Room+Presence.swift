import NIOCore
import Web

/// Presence: who is in the room, told at the room's pace.
extension Room {
    /// Takes a hello: the name is set, a changed one announced; `key` nil keeps the key, `.some(nil)` clears
    /// it.
    func hello(_ subscriber: RoomSubscriber, name: String, key: String??) {
        state.withLockedValue { state in
            let now = now()
            let known = state.roster[subscriber.id]
            var participant =
                known
                ?? Roster.Participant(
                    name: name, boxPublicKey: nil, lastSeen: now, isEventStream: !subscriber.isSocket)
            participant.name = name
            participant.lastSeen = now
            if let key { participant.boxPublicKey = key }
            state.roster[subscriber.id] = participant
            if let known, known.name != name {
                let rename = JSONWriter.object {
                    $0.field("type", "rename")
                    $0.field("from", known.name)
                    $0.field("to", name)
                }
                broadcast(Broadcast(event: rename), &state, now)
            }
            touchPresence(&state)
        }
    }

    /// Notes that a named subscriber was heard from.
    func heard(from subscriber: RoomSubscriber) {
        state.withLockedValue { $0.roster[subscriber.id]?.lastSeen = now() }
    }

    /// What became of a sign of life.
    enum Listening {
        case heard
        case closed
        /// The room, or all rooms, keep as many names as they may.
        case full
    }

    /// Takes a sign of life of an agent that has no stream here.
    func listening(_ name: String, boxPublicKey: String?) -> Listening {
        state.withLockedValue { state in
            guard !state.isClosed else { return .closed }
            let now = now()
            pruneHeartbeats(&state, now)
            if !state.roster.hasHeartbeat(name) {
                guard state.roster.heartbeatCount < limits.heartbeatsPerRoom, registry.takeListeningName()
                else { return .full }
            }
            state.lastActive = now
            switch state.roster.beat(name, boxPublicKey: boxPublicKey, now: now) {
            case .news: touchPresence(&state)
            case .life: touchPresence(&state, .lastSeen)
            }
            return .heard
        }
    }

    /// Drops names that have been silent for too long, and says so.
    func pruneHeartbeats(_ state: inout State, _ now: Int64) {
        let gone = state.roster.pruneHeartbeats(now: now)
        guard gone > 0 else { return }
        registry.releaseListeningNames(gone)
        touchPresence(&state)
    }

    /// Sends presence now or as soon as its pace allows.
    func touchPresence(_ state: inout State, _ change: PresencePacing.Change = .people) {
        let participants = max(state.roster.size, state.roster.heartbeatCount)
        switch state.presence.touch(
            now: .now(), participants: participants, readers: state.roster.size, change: change)
        {
        case .now: sendPresence(&state)
        case .already: break
        case .later(let time):
            guard let loop = state.loops.first?.eventLoop else { return state.presence.forget() }
            loop.scheduleTask(deadline: time) {
                self.state.withLockedValue { state in
                    if state.presence.isDue(time, now: .now()) { self.sendPresence(&state) }
                }
            }
        }
    }

    private func sendPresence(_ state: inout State) {
        guard state.roster.size > 0, !state.isClosed else { return }
        let now = now()
        let event = state.roster.presence(now: now, lastBroadcast: state.lastBroadcast)
        state.presence.sent(bytes: event.readableBytes)
        broadcast(Broadcast(event: event), &state, now)
    }
}
