/// Everything that is counted. A case with its labels is one series; its slot is a small fixed integer.
///
/// Nothing here can carry text of a request: labels are closed enums.
public enum Counter: Hashable, Sendable {
    case roomsCreated
    case roomsEvicted(EvictionReason)
    case messages(Ingress)
    case messageClients(ClientKind)
    case messageBytes
    case deliveries(Transport)
    case deliveriesDropped(Transport)
    case connects(Transport)
    case disconnects(Transport, DisconnectReason)
    case waitsEnded(WaitEnd)
    case requests(Route, StatusClass)
    case requestMethods(Method)
    case limited(LimitReason)
    case limitedClients(LimitReason)
    case overCapacity(CapacityReason)
    case malformedRequests
    case reports
    case contacts
    case admissions(Admission)
    case identitiesRegistered
    case identitiesUpdated
    case identitiesForgotten
    case recordsRefused
    case signatures(SignedAct, SignatureResult)
    case directMessages(Sender)
    case directMessageBytes
    case inboxWaits
    case inboxRemovals(InboxRemoval)
    case claims(ClaimEvent)
    case roomsLocked
    case listening
    case directory(DirectoryEvent)
    case operatorMessages(OperatorChannelLabel, DeliveryOutcome)
    case countryLookups(CountrySource)
    case cloudflareHeadersIgnored
    case storeFlushes(Outcome)
    case storeSetAside
    case processStarts
    case uncleanShutdowns
    case missedSamples
    case alertChanges(AlertChangeKind)
    case alertEvaluations(Outcome)

    /// Where each family starts in the slot table.
    @usableFromInline enum Base {
        @usableFromInline static let roomsCreated = 0
        @usableFromInline static let roomsEvicted = roomsCreated + 1
        @usableFromInline static let messages = roomsEvicted + EvictionReason.count
        @usableFromInline static let messageClients = messages + Ingress.count
        @usableFromInline static let messageBytes = messageClients + ClientKind.count
        @usableFromInline static let deliveries = messageBytes + 1
        @usableFromInline static let deliveriesDropped = deliveries + Transport.count
        @usableFromInline static let connects = deliveriesDropped + Transport.count
        @usableFromInline static let disconnects = connects + Transport.count
        @usableFromInline static let waitsEnded = disconnects + Transport.count * DisconnectReason.count
        @usableFromInline static let requests = waitsEnded + WaitEnd.count
        @usableFromInline static let requestMethods = requests + Route.count * StatusClass.count
        @usableFromInline static let limited = requestMethods + Method.count
        @usableFromInline static let limitedClients = limited + LimitReason.count
        @usableFromInline static let overCapacity = limitedClients + LimitReason.count
        @usableFromInline static let malformedRequests = overCapacity + CapacityReason.count
        @usableFromInline static let reports = malformedRequests + 1
        @usableFromInline static let contacts = reports + 1
        @usableFromInline static let admissions = contacts + 1
        @usableFromInline static let identitiesRegistered = admissions + Admission.count
        @usableFromInline static let identitiesUpdated = identitiesRegistered + 1
        @usableFromInline static let identitiesForgotten = identitiesUpdated + 1
        @usableFromInline static let recordsRefused = identitiesForgotten + 1
        @usableFromInline static let signatures = recordsRefused + 1
        @usableFromInline static let directMessages = signatures + SignedAct.count * SignatureResult.count
        @usableFromInline static let directMessageBytes = directMessages + Sender.count
        @usableFromInline static let inboxWaits = directMessageBytes + 1
        @usableFromInline static let inboxRemovals = inboxWaits + 1
        @usableFromInline static let claims = inboxRemovals + InboxRemoval.count
        @usableFromInline static let roomsLocked = claims + ClaimEvent.count
        @usableFromInline static let listening = roomsLocked + 1
        @usableFromInline static let directory = listening + 1
        @usableFromInline static let operatorMessages = directory + DirectoryEvent.count
        @usableFromInline static let countryLookups =
            operatorMessages + OperatorChannelLabel.count * DeliveryOutcome.count
        @usableFromInline static let cloudflareHeadersIgnored = countryLookups + CountrySource.count
        @usableFromInline static let storeFlushes = cloudflareHeadersIgnored + 1
        @usableFromInline static let storeSetAside = storeFlushes + Outcome.count
        @usableFromInline static let processStarts = storeSetAside + 1
        @usableFromInline static let uncleanShutdowns = processStarts + 1
        @usableFromInline static let missedSamples = uncleanShutdowns + 1
        @usableFromInline static let alertChanges = missedSamples + 1
        @usableFromInline static let alertEvaluations = alertChanges + AlertChangeKind.count
        @usableFromInline static let end = alertEvaluations + Outcome.count
    }

    /// How many counter series there are.
    public static var slotCount: Int { Base.end }

    /// The series' place in the slot table, 0 ..< ``slotCount``.
    @inlinable
    public var slot: Int {
        switch self {
        case .roomsCreated: Base.roomsCreated
        case .roomsEvicted(let reason): Base.roomsEvicted + reason.rawValue
        case .messages(let ingress): Base.messages + ingress.rawValue
        case .messageClients(let kind): Base.messageClients + kind.rawValue
        case .messageBytes: Base.messageBytes
        case .deliveries(let transport): Base.deliveries + transport.rawValue
        case .deliveriesDropped(let transport): Base.deliveriesDropped + transport.rawValue
        case .connects(let transport): Base.connects + transport.rawValue
        case .disconnects(let transport, let reason):
            Base.disconnects + transport.rawValue * DisconnectReason.count + reason.rawValue
        case .waitsEnded(let end): Base.waitsEnded + end.rawValue
        case .requests(let route, let status):
            Base.requests + route.rawValue * StatusClass.count + status.rawValue
        case .requestMethods(let method): Base.requestMethods + method.rawValue
        case .limited(let reason): Base.limited + reason.rawValue
        case .limitedClients(let reason): Base.limitedClients + reason.rawValue
        case .overCapacity(let reason): Base.overCapacity + reason.rawValue
        case .malformedRequests: Base.malformedRequests
        case .reports: Base.reports
        case .contacts: Base.contacts
        case .admissions(let result): Base.admissions + result.rawValue
        case .identitiesRegistered: Base.identitiesRegistered
        case .identitiesUpdated: Base.identitiesUpdated
        case .identitiesForgotten: Base.identitiesForgotten
        case .recordsRefused: Base.recordsRefused
        case .signatures(let act, let result):
            Base.signatures + act.rawValue * SignatureResult.count + result.rawValue
        case .directMessages(let sender): Base.directMessages + sender.rawValue
        case .directMessageBytes: Base.directMessageBytes
        case .inboxWaits: Base.inboxWaits
        case .inboxRemovals(let reason): Base.inboxRemovals + reason.rawValue
        case .claims(let event): Base.claims + event.rawValue
        case .roomsLocked: Base.roomsLocked
        case .listening: Base.listening
        case .directory(let event): Base.directory + event.rawValue
        case .operatorMessages(let channel, let outcome):
            Base.operatorMessages + channel.rawValue * DeliveryOutcome.count + outcome.rawValue
        case .countryLookups(let source): Base.countryLookups + source.rawValue
        case .cloudflareHeadersIgnored: Base.cloudflareHeadersIgnored
        case .storeFlushes(let outcome): Base.storeFlushes + outcome.rawValue
        case .storeSetAside: Base.storeSetAside
        case .processStarts: Base.processStarts
        case .uncleanShutdowns: Base.uncleanShutdowns
        case .missedSamples: Base.missedSamples
        case .alertChanges(let change): Base.alertChanges + change.rawValue
        case .alertEvaluations(let outcome): Base.alertEvaluations + outcome.rawValue
        }
    }

    /// Every series, in slot order.
    public static let all: [Counter] = {
        var all: [Counter] = [.roomsCreated]
        all += EvictionReason.allCases.map { .roomsEvicted($0) }
        all += Ingress.allCases.map { .messages($0) }
        all += ClientKind.allCases.map { .messageClients($0) }
        all += [.messageBytes]
        all += Transport.allCases.map { .deliveries($0) }
        all += Transport.allCases.map { .deliveriesDropped($0) }
        all += Transport.allCases.map { .connects($0) }
        for transport in Transport.allCases {
            all += DisconnectReason.allCases.map { .disconnects(transport, $0) }
        }
        all += WaitEnd.allCases.map { .waitsEnded($0) }
        for route in Route.allCases { all += StatusClass.allCases.map { .requests(route, $0) } }
        all += Method.allCases.map { .requestMethods($0) }
        all += LimitReason.allCases.map { .limited($0) }
        all += LimitReason.allCases.map { .limitedClients($0) }
        all += CapacityReason.allCases.map { .overCapacity($0) }
        all += [.malformedRequests, .reports, .contacts]
        all += Admission.allCases.map { .admissions($0) }
        all += [.identitiesRegistered, .identitiesUpdated, .identitiesForgotten, .recordsRefused]
        for act in SignedAct.allCases { all += SignatureResult.allCases.map { .signatures(act, $0) } }
        all += Sender.allCases.map { .directMessages($0) }
        all += [.directMessageBytes, .inboxWaits]
        all += InboxRemoval.allCases.map { .inboxRemovals($0) }
        all += ClaimEvent.allCases.map { .claims($0) }
        all += [.roomsLocked, .listening]
        all += DirectoryEvent.allCases.map { .directory($0) }
        for channel in OperatorChannelLabel.allCases {
            all += DeliveryOutcome.allCases.map { .operatorMessages(channel, $0) }
        }
        all += CountrySource.allCases.map { .countryLookups($0) }
        all += [.cloudflareHeadersIgnored]
        all += Outcome.allCases.map { .storeFlushes($0) }
        all += [.storeSetAside, .processStarts, .uncleanShutdowns, .missedSamples]
        all += AlertChangeKind.allCases.map { .alertChanges($0) }
        all += Outcome.allCases.map { .alertEvaluations($0) }
        return all
    }()
}
