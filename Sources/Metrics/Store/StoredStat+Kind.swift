extension StoredStat {
    /// The column's kind and where its value comes from.
    public var kind: Kind {
        switch self {
        case .messages: .count(OriginalTotal.messages.counters)
        case .bytes: .count(OriginalTotal.bytes.counters)
        case .rooms: .count(OriginalTotal.roomsCreated.counters)
        case .bugs: .count(OriginalTotal.bugReports.counters)
        case .messagesWS: .count([.messages(.ws)])
        case .messageBytes: .count([.messageBytes])
        case .roomsEvicted: .count(OriginalTotal.roomsEvicted.counters)
        case .httpPosts: .count(OriginalTotal.httpPosts.counters)
        case .httpRequests:
            .count(Route.allCases.flatMap { route in StatusClass.allCases.map { .requests(route, $0) } })
        case .httpMethods: .count(Method.allCases.map { .requestMethods($0) })
        case .http2xx: .count(OriginalTotal.http2xx.counters)
        case .http4xx: .count(OriginalTotal.http4xx.counters)
        case .http5xx: .count(OriginalTotal.http5xx.counters)
        case .http429: .count(OriginalTotal.http429.counters)
        case .wsConnects: .count(OriginalTotal.wsConnects.counters)
        case .wsDisconnects: .count(OriginalTotal.wsDisconnects.counters)
        case .sseConnects: .count(OriginalTotal.sseConnects.counters)
        case .sseDisconnects: .count(OriginalTotal.sseDisconnects.counters)
        case .longpollWaits: .count(OriginalTotal.longpollWaits.counters)
        case .longpollWakes: .count(OriginalTotal.longpollWakes.counters)
        case .longpollTimeouts: .count(OriginalTotal.longpollTimeouts.counters)
        case .longpollOtherEnds: .count([.waitsEnded(.cancel), .waitsEnded(.shutdown)])
        case .longpollDisconnects: .count(DisconnectReason.allCases.map { .disconnects(.poll, $0) })
        case .transportBrowser: .count(OriginalTotal.transportBrowser.counters)
        case .transportAgent: .count(OriginalTotal.transportAgent.counters)
        case .deliveriesSSE: .count([.deliveries(.sse)])
        case .deliveriesWS: .count([.deliveries(.ws)])
        case .deliveriesPoll: .count([.deliveries(.poll)])
        case .deliveriesDropped: .count(Transport.allCases.map { .deliveriesDropped($0) })
        case .slowDisconnects: .count(Transport.allCases.map { .disconnects($0, .slow) })
        case .limitedRoomRate: .count([.limited(.roomRate)])
        case .limitedClientRate: .count([.limited(.clientRate)])
        case .limitedStreams: .count([.limited(.streamsPerClient)])
        case .limitedWaiters: .count([.limited(.waitersPerClient), .limited(.waitersPerRoom)])
        case .limitedLogins: .count([.limited(.loginAttempts)])
        case .limitedSigned:
            .count([
                .limited(.registerRate), .limited(.dmRate), .limited(.authRate), .limited(.profileRate),
                .limited(.replayCache), .limited(.inboxFull), .limited(.waitersPerHandle),
            ])
        case .limitedDirectory: .count([.limited(.directoryRate)])
        case .limitedReports: .count([.limited(.reportRate), .limited(.contactRate)])
        case .limitedListening: .count([.limited(.listeningRate), .limited(.listeningNames)])
        case .overCapacity: .count(CapacityReason.allCases.map { .overCapacity($0) })
        case .malformedRequests: .count([.malformedRequests])
        case .contacts: .count([.contacts])
        case .logins: .count([.admissions(.login), .admissions(.loginLink)])
        case .loginsRefused: .count([.admissions(.refused), .admissions(.foreignOrigin)])
        case .admissions: .count(Self.granted.map { .admissions($0) })
        case .admissionsOther:
            .count(
                Admission.allCases.filter {
                    ![.login, .loginLink, .refused, .foreignOrigin].contains($0) && !Self.granted.contains($0)
                }.map { .admissions($0) })
        case .identitiesRegistered: .count([.identitiesRegistered])
        case .identitiesUpdated: .count([.identitiesUpdated])
        case .identitiesForgotten: .count([.identitiesForgotten])
        case .recordsRefused: .count([.recordsRefused])
        case .signaturesAccepted: .count(Self.signatures(.accepted))
        case .signaturesRefused: .count(Self.signatures(.refused, .replayed))
        case .signaturesCacheFull: .count(Self.signatures(.cacheFull))
        case .directMessages: .count(OriginalTotal.directMessages.counters)
        case .directMessageBytes: .count([.directMessageBytes])
        case .inboxWaits: .count([.inboxWaits])
        case .inboxRemovals: .count(InboxRemoval.allCases.map { .inboxRemovals($0) })
        case .claims: .count([.claims(.claimed)])
        case .claimsOther: .count([.again, .empty, .acked, .staleAck].map { .claims($0) })
        case .roomsLocked: .count([.roomsLocked])
        case .listening: .count([.listening])
        case .directoryEvents: .count(DirectoryEvent.allCases.map { .directory($0) })
        case .operatorMessages: .count(Self.operatorMessages(.delivered))
        case .operatorMessagesFailed: .count(Self.operatorMessages(.failed, .dropped))
        case .pageVisits: .count(CountrySource.allCases.map { .countryLookups($0) })
        case .visitsUnknown: .count([.countryLookups(.unknown)])
        case .cloudflareHeadersIgnored: .count([.cloudflareHeadersIgnored])
        case .storeFlushes: .count([.storeFlushes(.ok)])
        case .storeFlushesFailed: .count([.storeFlushes(.failed)])
        case .storeSetAside: .count([.storeSetAside])
        case .processStarts: .count([.processStarts])
        case .uncleanShutdowns: .count([.uncleanShutdowns])
        case .activeRooms: .gauge([.activeRooms])
        // As the original counts them: parked waits are not among them.
        case .activeSubs: .gauge([.subscribers(.sse), .subscribers(.ws)])
        case .subscribersSSE: .gauge([.subscribers(.sse)])
        case .subscribersWS: .gauge([.subscribers(.ws)])
        case .waiters: .gauge([.subscribers(.poll)])
        case .roomBufferBytes: .gauge([.roomBufferBytes])
        case .roomBufferLimitBytes: .gauge([.roomBufferLimitBytes])
        case .roomsLimit: .gauge([.roomsLimit])
        case .openConnections: .gauge([.openConnections])
        case .storeBytes: .gauge([.storeBytes])
        case .lastFlushTimestamp: .gauge([.lastFlushTimestamp])
        case .identities: .gauge([.identities])
        case .identitiesLimit: .gauge([.identitiesLimit])
        case .profiles: .gauge([.profiles])
        case .inboxMessages: .gauge([.inboxMessages])
        case .inboxBytes: .gauge([.inboxBytes])
        case .inboxLimitBytes: .gauge([.inboxLimitBytes])
        case .parkedInboxWaits: .gauge([.parkedInboxWaits])
        case .parkedClaims: .gauge([.parkedClaims])
        case .listeningNames: .gauge([.listeningNames])
        case .signedLocks: .gauge([.signedLocks])
        case .geoDatabaseLoaded: .gauge([.geoDatabaseLoaded])
        case .geoDatabaseBuilt: .gauge([.geoDatabaseBuiltTimestamp])
        case .storeWritable: .gauge([.storeWritable])
        case .storeUnwrittenPoints: .gauge([.storeUnwrittenPoints])
        case .residentBytes: .resident
        case .peakRooms: .peak(.rooms)
        case .peakSubs: .peak(.subscribers)
        case .requestP50: .quantile(Quantile(0.5, of: Histogram.requests))
        case .requestP95: .quantile(Quantile(0.95, of: Histogram.requests))
        case .requestP99: .quantile(Quantile(0.99, of: Histogram.requests))
        case .deliveryP99: .quantile(Quantile(0.99, of: Histogram.deliveries))
        }
    }

    /// Requests that were let in.
    private static let granted: [Admission] = [.bearer, .scrapeToken, .session, .tailnet, .serve]

    private static func signatures(_ results: SignatureResult...) -> [Counter] {
        SignedAct.allCases.flatMap { act in results.map { .signatures(act, $0) } }
    }

    private static func operatorMessages(_ outcomes: DeliveryOutcome...) -> [Counter] {
        OperatorChannelLabel.allCases.flatMap { channel in
            outcomes.map { .operatorMessages(channel, $0) }
        }
    }
}
