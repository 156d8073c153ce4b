/// What Prometheus and a reader of docs/metrics.md get told about a counter: its name and its meaning.
public struct Family: Sendable, Hashable {
    /// The metric's name without `_total`.
    public let name: String
    public let help: String
    /// The metric's name on JSON routes, without `signalbox_`.
    public var jsonName: String { String(name.dropFirst(Self.prefix.count)) }
    private static let prefix = "signalbox_"
    /// A base unit that the name ends in (`bytes`, `seconds`), or nil.
    public let unit: String?

    init(_ name: String, _ help: String, unit: String? = nil) {
        self.name = Self.prefix + name
        self.help = help
        self.unit = unit
    }

    init(name: String, help: String, unit: String?) {
        self.name = name
        self.help = help
        self.unit = unit
    }
}

extension Counter {
    /// The metric this series belongs to.
    public var family: Family {
        switch self {
        case .roomsCreated: Family("rooms_created", "Rooms opened.")
        case .roomsEvicted: Family("rooms_evicted", "Rooms ended, by reason.")
        case .messages: Family("messages", "Messages accepted into rooms, by the way they came in.")
        case .messageClients: Family("message_clients", "Messages accepted, by kind of client.")
        case .messageBytes:
            Family("message_bytes", "Ciphertext accepted into rooms, base64 as sent.", unit: "bytes")
        case .deliveries: Family("deliveries", "Messages handed to subscribers, by transport.")
        case .deliveriesDropped:
            Family("deliveries_dropped", "Messages a subscriber was owed when it was dropped as too slow.")
        case .connects: Family("connects", "Subscribers connected, by transport; for poll: waits parked.")
        case .disconnects: Family("disconnects", "Subscribers gone, by transport and reason.")
        case .waitsEnded: Family("waits_ended", "Parked long-polls ended, by how they ended.")
        case .requests:
            Family("http_requests", "HTTP requests answered, by route and status class (429 apart).")
        case .requestMethods: Family("http_methods", "HTTP requests received, by method.")
        case .limited: Family("limited", "Requests and frames refused by a limit (429), by reason.")
        case .limitedClients:
            Family(
                "limited_clients",
                "Clients (of a handle's limits: handles) that met a limit, each once in 15 minutes, by reason."
            )
        case .overCapacity: Family("over_capacity", "Requests refused for want of room (503), by reason.")
        case .malformedRequests:
            Family("malformed_requests", "Connections closed because their bytes were not HTTP.")
        case .reports: Family("reports", "Reports submitted for the operator.")
        case .contacts: Family("contacts", "Contact forms submitted for the operator.")
        case .admissions: Family("admissions", "Attempts to open the dashboard's gate, by result.")
        case .identitiesRegistered: Family("identities_registered", "Handles registered.")
        case .identitiesUpdated: Family("identities_updated", "Handles registered again by their owner.")
        case .identitiesForgotten:
            Family("identities_forgotten", "Long-inactive handles given up at IDENTITIES_MAX.")
        case .recordsRefused:
            Family("records_refused", "Stored identities and profiles that were malformed and kept aside.")
        case .signatures: Family("signatures", "Signatures presented, by what was signed and the result.")
        case .directMessages: Family("direct_messages", "Direct messages accepted, by kind of sender.")
        case .directMessageBytes:
            Family("direct_message_bytes", "Ciphertext accepted into inboxes, base64 as sent.", unit: "bytes")
        case .inboxWaits: Family("inbox_waits", "Long-polls parked on an inbox.")
        case .inboxRemovals: Family("inbox_removals", "Direct messages gone from their inbox, by reason.")
        case .claims:
            Family("claims", "Claims and acknowledgements of room messages, by what became of them.")
        case .roomsLocked: Family("rooms_locked", "Rooms locked to signed senders.")
        case .listening: Family("listening", "Signs of life accepted from agents without a stream.")
        case .directory: Family("directory_events", "Changes of the agent directory, by kind.")
        case .operatorMessages:
            Family("operator_messages", "Messages to the operator, by channel and outcome.")
        case .countryLookups:
            Family("country_lookups", "Page visits by what told their country.")
        case .cloudflareHeadersIgnored:
            Family(
                "cloudflare_headers_ignored",
                "Page visits whose CF-IPCountry didn't count: TRUST_CLOUDFLARE is off or the peer isn't trusted."
            )
        case .storeFlushes: Family("store_flushes", "Flushes of the metrics store, by outcome.")
        case .storeSetAside: Family("store_set_aside", "Unreadable or foreign store files moved aside.")
        case .processStarts: Family("process_starts", "Starts of the server.")
        case .uncleanShutdowns:
            Family("unclean_shutdowns", "Starts that found the last run had not ended well.")
        case .missedSamples: Family("missed_samples", "Minutes without a sample, downtime included.")
        case .alertChanges: Family("alert_changes", "Alerts that fired or were resolved.")
        case .alertEvaluations: Family("alert_evaluations", "Evaluations of all alerts, by outcome.")
        }
    }

    /// The series' labels in exposition order.
    public var labels: [(key: String, value: String)] {
        func pair(_ label: some Label) -> (key: String, value: String) { (type(of: label).key, label.text) }
        return switch self {
        case .roomsEvicted(let reason): [pair(reason)]
        case .messages(let ingress): [pair(ingress)]
        case .messageClients(let kind): [pair(kind)]
        case .deliveries(let transport), .deliveriesDropped(let transport), .connects(let transport):
            [pair(transport)]
        case .disconnects(let transport, let reason): [pair(transport), pair(reason)]
        case .waitsEnded(let end): [pair(end)]
        case .requests(let route, let status): [pair(route), pair(status)]
        case .requestMethods(let method): [pair(method)]
        case .limited(let reason), .limitedClients(let reason): [pair(reason)]
        case .overCapacity(let reason): [pair(reason)]
        case .admissions(let result): [pair(result)]
        case .storeFlushes(let outcome), .alertEvaluations(let outcome): [pair(outcome)]
        case .alertChanges(let change): [pair(change)]
        case .countryLookups(let source): [pair(source)]
        case .signatures(let act, let result): [pair(act), pair(result)]
        case .directMessages(let sender): [pair(sender)]
        case .inboxRemovals(let reason): [pair(reason)]
        case .claims(let event): [pair(event)]
        case .directory(let event): [pair(event)]
        case .operatorMessages(let channel, let outcome): [pair(channel), pair(outcome)]
        case .roomsCreated, .messageBytes, .malformedRequests, .reports, .contacts, .storeSetAside,
            .processStarts, .uncleanShutdowns, .missedSamples, .identitiesRegistered, .identitiesUpdated,
            .identitiesForgotten,
            .recordsRefused, .directMessageBytes, .inboxWaits, .roomsLocked, .listening,
            .cloudflareHeadersIgnored:
            []
        }
    }
}
