import NIOCore
import SignalboxMetrics
import Web

/// `POST /api/rooms/:id/claim` and `/ack`: the next message of somebody else, at least once.
struct ClaimRoute {
    let relay: RelayState
    private var rooms: Rooms { relay.rooms }

    /// Who claims, as far as the two routes share the checking.
    private enum Admission {
        case admitted(RoomID, Handle, JSONValue)
        case refused(FrontResponse)
    }

    private func admit(_ request: FrontRequest) -> Admission {
        let body: JSONValue
        do { body = try request.jsonBody() } catch { return .refused(Refused.malformed(error)) }
        guard let room = RoomID(request.parameter) else { return .refused(Refused.badRoom) }
        let name = body["handle"]?.string?.lowercased() ?? ""
        guard Handle.isLoose(name) else { return .refused(Refused.bad("bad handle", "bad_handle")) }
        guard let handle = Handle(name), let identity = relay.book.find(handle) else {
            return .refused(Refused.unknownHandle)
        }
        if let reason = relay.rates.reached(.signed(handle), by: request.client) {
            return .refused(Refused.rate(reason, retryAfter: 5))
        }
        if let refusal = Refused.signature(relay.requests.check(request, of: identity)) {
            return .refused(refusal)
        }
        return .admitted(room, handle, body)
    }

    // MARK: Claim

    /// One claim: what is asked for, and where it is looked up.
    struct Claim {
        let room: Room
        let cursor: ClaimCursor
        let own: Set<[UInt8]>
        /// ms.
        let duration: Int64
        let client: IPAddress
        let meter: Meter
        let clock: WallClock

        func pick(orPark wait: ClaimWait?) -> ClaimCursor.Pick {
            cursor.pick(
                from: room, excluding: own, duration: duration, now: clock.now(), orPark: wait)
        }

        /// The response; nil while it is parked.
        func answer(to pick: ClaimCursor.Pick) -> FrontResponse {
            switch pick {
            case .handout(let handout):
                meter.add(.claims(handout.isAgain ? .again : .claimed))
                return .json(
                    JSONWriter.object(capacity: handout.message.json.readableBytes + 192) {
                        $0.field("ok", true)
                        $0.field("claim_id", handout.claimID)
                        $0.key("message")
                        var envelope = ByteBufferAllocator().buffer(
                            capacity: handout.message.json.readableBytes)
                        handout.message.writeUntyped(to: &envelope)
                        $0.raw(envelope)
                        $0.field("cursor", handout.cursor)
                        $0.field("last_seq", handout.lastSeq)
                    })
            case .empty(let cursor, let lastSeq):
                meter.add(.claims(.empty))
                return .json(ClaimRoute.empty(cursor: cursor, lastSeq: lastSeq, isMissing: false))
            case .closed(let cursor):
                meter.add(.claims(.empty))
                return .json(ClaimRoute.empty(cursor: cursor, lastSeq: 0, isMissing: true))
            case .full:
                return Refused.waiters(.waitersPerRoom, meter, client)
            case .clientFull, .parked:
                return Refused.waiters(.waitersPerClient, meter, client)
            }
        }
    }

    func claim(_ request: FrontRequest, on connection: FrontHandler) {
        switch admit(request) {
        case .refused(let response): connection.respond(response)
        case .admitted(let id, let handle, let body):
            // Claiming from a random id opens no room.
            guard let room = rooms.registry.find(id) else {
                relay.meter.add(.claims(.empty))
                return connection.respond(.json(Self.empty(cursor: 0, lastSeq: 0, isMissing: true)))
            }
            let claim = Claim(
                room: room, cursor: relay.cursors.findOrMake(handle, id, now: relay.clock.now()),
                own: Self.own(handle, body),
                duration: lease(request), client: request.client, meter: relay.meter, clock: relay.clock)
            let seconds = request.timeout
            let wait =
                seconds == 0
                ? nil : ClaimWait(claim: claim, client: request.client, rooms: rooms, connection: connection)
            switch (claim.pick(orPark: wait), wait) {
            case (.parked, let wait?): connection.park(wait, timeout: .seconds(seconds))
            case (let pick, _): connection.respond(claim.answer(to: pick))
            }
        }
    }

    /// The labels under which the claimer's own messages may stand. In a plain room a client posts under any
    /// name it likes, so it can list them.
    private static func own(_ handle: Handle, _ body: JSONValue) -> Set<[UInt8]> {
        var own: Set = [Array(handle.text.utf8), Array("@\(handle.text)".utf8)]
        if case .array(let more)? = body["exclude_senders"] {
            // Nobody posts under more names than that; a parked claim keeps them in memory.
            for label in more.lazy.compactMap(\.string).filter({ (1...64).contains($0.utf16.count) }).prefix(
                256)
            {
                own.insert(Array(label.utf8))
            }
        }
        return own
    }

    /// `?ttl_ms=`: how long the message is the claimer's alone, 60 s to 300 s.
    private func lease(_ request: FrontRequest) -> Int64 {
        guard let asked = request.query.lenientInteger("ttl_ms"), asked > 0 else {
            return relay.book.limits.claimMilliseconds
        }
        return max(60_000, min(300_000, asked))
    }

    private static func empty(cursor: UInt64, lastSeq: UInt64, isMissing: Bool) -> ByteBuffer {
        JSONWriter.object {
            $0.field("ok", true)
            $0.field("empty", true)
            $0.field("last_seq", lastSeq)
            $0.field("cursor", cursor)
            if isMissing { $0.field("exists", false) }
        }
    }

    // MARK: Acknowledge

    func acknowledge(_ request: FrontRequest) -> FrontResponse {
        switch admit(request) {
        case .refused(let response): return response
        case .admitted(let id, let handle, let body):
            guard let cursor = relay.cursors.find(handle, id) else {
                return Self.acknowledged(false, cursor: 0)
            }
            let seq = body["seq"]?.javaScriptInteger
            switch cursor.acknowledge(body["claim_id"]?.string ?? "", seq: seq, now: relay.clock.now()) {
            case .already(let cursor): return Self.acknowledged(false, cursor: cursor)
            case .advanced(let cursor):
                relay.meter.add(.claims(.acked))
                return Self.acknowledged(true, cursor: cursor)
            case .stale(let cursor):
                relay.meter.add(.claims(.staleAck))
                return .json(
                    JSONWriter.object {
                        $0.field("error", "stale or unknown claim")
                        $0.field("reason", "stale_claim")
                        $0.field("cursor", cursor)
                    }, status: .conflict)
            }
        }
    }

    private static func acknowledged(_ advanced: Bool, cursor: UInt64) -> FrontResponse {
        .json(
            JSONWriter.object {
                $0.field("ok", true)
                $0.field("advanced", advanced)
                $0.field("cursor", cursor)
            })
    }
}
