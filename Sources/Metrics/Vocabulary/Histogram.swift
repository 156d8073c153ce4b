/// Distributions, in seconds. Bucket bounds are the same for all series of a family.
public enum Histogram: Hashable, Sendable {
    /// From the request's head to the last byte handed to the socket; streams and long-polls left out.
    case requestDuration(RouteGroup)
    /// From a message's acceptance to its bytes being handed to the subscriber's socket.
    case deliveryLag(Transport)
    /// From the beginning of an exposition to its last byte, before it is compressed or sent.
    case scrapeDuration

    /// Every histogram, in slot order. The stream group is never observed and not shown.
    public static let all: [Histogram] = requests + deliveries + [.scrapeDuration]
    static let requests: [Histogram] =
        RouteGroup.allCases.filter { $0 != .stream }.map { .requestDuration($0) }
    static let deliveries: [Histogram] = Transport.allCases.map { .deliveryLag($0) }

    /// Upper bounds in nanoseconds; above the last lies `+Inf`.
    public static let boundsNanoseconds: [UInt64] = [
        100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
        100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000,
    ]
    /// Slots of one histogram: a bucket per bound, one above all bounds, and the sum in nanoseconds.
    static let slotsEach = boundsNanoseconds.count + 2
    /// Slots of all histograms together.
    public static let slotCount = (RouteGroup.count - 1 + Transport.count + 1) * slotsEach

    /// The histogram's place among all, 0 ..< `all.count`.
    @usableFromInline
    var index: Int {
        switch self {
        case .requestDuration(let group): group.rawValue
        case .deliveryLag(let transport): RouteGroup.count - 1 + transport.rawValue
        case .scrapeDuration: RouteGroup.count - 1 + Transport.count
        }
    }

    /// Slots that together count the observations.
    var countSlots: Range<Int> {
        let first = SlotTable.slot(self)
        return first..<(first + Self.boundsNanoseconds.count + 1)
    }

    /// The metric this histogram belongs to.
    public var family: Family {
        switch self {
        case .requestDuration:
            Family(
                "http_request_duration_seconds",
                "Time to answer a request, by route group; streams left out.",
                unit: "seconds")
        case .deliveryLag:
            Family(
                "delivery_lag_seconds", "Time from a message's acceptance to its delivery, by transport.",
                unit: "seconds")
        case .scrapeDuration:
            Family(
                "scrape_duration_seconds", "Time to write the exposition, before it is compressed.",
                unit: "seconds")
        }
    }

    /// The histogram's labels in exposition order.
    public var labels: [(key: String, value: String)] {
        switch self {
        case .requestDuration(let group): [(RouteGroup.key, group.text)]
        case .deliveryLag(let transport): [(Transport.key, transport.text)]
        case .scrapeDuration: []
        }
    }
}

/// Highest values ever, and within the present minute, kept at the event that raises them.
public enum Peak: Int, CaseIterable, Sendable {
    case rooms, subscribers

    /// Slots of all peaks: the highest ever and the present minute's, each.
    static let slotCount = 2 * 2
}
