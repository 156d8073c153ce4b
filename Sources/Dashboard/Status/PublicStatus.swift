import NIOCore
import SignalboxMetrics
import Web

/// What everybody may know of the server: how well it ran on days that are over, and roughly how much.
struct PublicStatus: Sendable {
    struct Day: Sendable {
        let name: String
        /// 0 ... 1, cut to a thousandth.
        let uptime: Double
    }
    struct Country: Sendable {
        let code: String
        let name: String
        let visits: RoundedCount
    }

    /// The day that follows the last one that is looked at.
    let updated: String
    /// Oldest first.
    let days: [Day]
    let messages: RoundedCount
    /// Most visits first, those that are rounded alike by name.
    let countries: [Country]

    static let daysMax = 90
    /// Fewer people than this are never told apart on a page that everybody sees.
    static let visitsMin: Int64 = 5

    init(_ closed: ClosedDays, updated: String, map: WorldMap) {
        self.updated = updated
        days = closed.days.map { day in
            let share = min(1, Double(max(0, day.sampled)) / Double(max(1, day.minutes)))
            return Day(name: day.name, uptime: (share * 1_000).rounded(.down) / 1_000)
        }
        messages = RoundedCount(closed.messages)
        // This machine and the tailnet are the operator's own business. Those whom nobody knows, and what was
        // folded, may be few as well.
        let others = closed.geo.extras.filter { $0.code != "LOCAL" && $0.count >= Self.visitsMin }
        let rows = (closed.geo.countries + others).map {
            Country(
                code: $0.code, name: Self.names[$0.code] ?? map.name(of: $0.code) ?? $0.code,
                visits: RoundedCount($0.count))
        }
        // By what is said, not by what is known: the order would tell what rounding hides.
        countries = rows.sorted { one, other in
            let (first, second) = (one.visits.value ?? -1, other.visits.value ?? -1)
            return first != second ? first > second : one.name < other.name
        }
    }

    private static let names = [
        "XX": "Unknown", "T1": "Tor", GeoAnswer.otherCode: "Other countries",
    ]

    /// The mean of all days, cut to a thousandth; nil without any.
    var uptime: Double? {
        days.isEmpty
            ? nil : (days.reduce(0) { $0 + $1.uptime } / Double(days.count) * 1_000).rounded(.down) / 1_000
    }

    /// `GET /api/public-status`.
    var json: ByteBuffer {
        JSONWriter.object(capacity: 8 * 1_024) { json in
            json.field("updated", updated)
            json.key("uptime")
            json.number(uptime ?? .nan)
            json.key("days")
            json.array { list in
                for day in days {
                    list.object {
                        $0.field("day", day.name)
                        $0.key("uptime")
                        $0.number(day.uptime)
                    }
                }
            }
            json.field("messages", messages.text)
            json.field("messages_rounded", messages.value)
            json.key("countries")
            json.array { list in
                for country in countries {
                    list.object {
                        $0.field("code", country.code)
                        $0.field("name", country.name)
                        $0.field("visits", country.visits.text)
                        $0.field("visits_rounded", country.visits.value)
                    }
                }
            }
        }
    }
}
