import GeoIP
import Synchronization

/// Visits by country as a scraper sees them: they advance once an hour is over, and few visits of an hour
/// count as `other`. A scrape every 15 seconds would otherwise learn what the store doesn't keep.
final class ExposedVisits: Sendable {
    static let family = Family(
        "page_visits", "Page visits by browsers, by country; advances once an hour is over.")
    static let key = "country"

    /// What a series is for; the last one is everybody else.
    static let countries: [CountryCode] = CountryCode.assigned + [.unknown, .tor, .local]
    static let count = countries.count + 1
    private static let places = Dictionary(
        uniqueKeysWithValues: countries.enumerated().map { ($1, $0) })

    private struct State {
        var exposed = [UInt64](repeating: 0, count: ExposedVisits.count)
        /// What the slots held when the last hour was closed.
        var closed: [UInt64]
        /// The hour that samples are coming in for, Unix ms.
        var hour: Int64?
    }
    private let state: Mutex<State>

    init(slots: Slots) { state = Mutex(State(closed: slots.values())) }

    /// The counts since this process started, in the order of ``countries``, then everybody else.
    func values() -> [UInt64] { state.withLock { $0.exposed } }

    /// Takes note of a sample; closes the hour with it or, when it is of a later hour, before it.
    func sampled(at t: Int64, _ now: [UInt64], before: [UInt64], minimum: UInt64) {
        let hour = floorTo(hourMilliseconds, t)
        state.withLock { state in
            if let open = state.hour, open != hour { Self.close(&state, before, minimum) }
            state.hour = hour
            if t - hour >= hourMilliseconds - minuteMilliseconds {
                Self.close(&state, now, minimum)
                state.hour = nil
            }
        }
    }

    private static func close(_ state: inout State, _ values: [UInt64], _ minimum: UInt64) {
        for country in CountryCode.all {
            let slot = SlotTable.slot(country)
            guard values[slot] > state.closed[slot] else { continue }
            let visits = values[slot] - state.closed[slot]
            let isFolded = country.isCountry && visits < minimum
            state.exposed[isFolded ? count - 1 : places[country] ?? count - 1] += visits
        }
        state.closed = values
    }
}
