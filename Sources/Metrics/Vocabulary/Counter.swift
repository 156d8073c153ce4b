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
    case overCapacity(CapacityReason)
    case malformedRequests
    case reports
    case admissions(Admission)
    case storeFlushes(Outcome)
    case storeSetAside
    case processStarts
    case uncleanShutdowns

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
        @usableFromInline static let overCapacity = limited + LimitReason.count
        @usableFromInline static let malformedRequests = overCapacity + CapacityReason.count
        @usableFromInline static let reports = malformedRequests + 1
        @usableFromInline static let admissions = reports + 1
        @usableFromInline static let storeFlushes = admissions + Admission.count
        @usableFromInline static let storeSetAside = storeFlushes + Outcome.count
        @usableFromInline static let processStarts = storeSetAside + 1
        @usableFromInline static let uncleanShutdowns = processStarts + 1
        @usableFromInline static let end = uncleanShutdowns + 1
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
        case .overCapacity(let reason): Base.overCapacity + reason.rawValue
        case .malformedRequests: Base.malformedRequests
        case .reports: Base.reports
        case .admissions(let result): Base.admissions + result.rawValue
        case .storeFlushes(let outcome): Base.storeFlushes + outcome.rawValue
        case .storeSetAside: Base.storeSetAside
        case .processStarts: Base.processStarts
        case .uncleanShutdowns: Base.uncleanShutdowns
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
        all += CapacityReason.allCases.map { .overCapacity($0) }
        all += [.malformedRequests, .reports]
        all += Admission.allCases.map { .admissions($0) }
        all += Outcome.allCases.map { .storeFlushes($0) }
        all += [.storeSetAside, .processStarts, .uncleanShutdowns]
        return all
    }()
}
