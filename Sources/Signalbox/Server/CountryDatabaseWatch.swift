import Dashboard
import Foundation
import GeoIP
import Logging
import Relay
import ServiceLifecycle
import SignalboxMetrics
import Web

/// GEOIP_DB: keeps the country database fresh, and says when it isn't.
struct CountryDatabaseWatch: Service {
    let file: CountryDatabaseFile?
    let source: CountryResolver.Source
    let trustsCloudflare: Bool
    private let clock: WallClock
    private let logger: Logger

    private static let lookEverySeconds = 5
    private static let oldAfterDays: Int64 = 30

    init(_ settings: ServerSettings, clock: WallClock, logger: Logger) throws {
        guard let source = CountryResolver.Source(rawValue: settings["GEO_SOURCE"]?.lowercased() ?? "auto")
        else {
            throw SettingsError(description: "GEO_SOURCE is none of auto, cloudflare, database and off.")
        }
        self.source = source
        let isWanted = source == .auto || source == .database
        file = isWanted ? settings["GEOIP_DB"].map { CountryDatabaseFile(path: $0) } : nil
        trustsCloudflare = settings.isOn("TRUST_CLOUDFLARE")
        self.clock = clock
        self.logger = logger
    }

    /// What page visits are counted by.
    var resolver: CountryResolver {
        guard let file else { return CountryResolver(source: source) }
        return CountryResolver(source: source) { file.current?.country(of: (high: $0.high, low: $0.low)) }
    }

    var facts: GeoFacts {
        let database = file.map { file in
            let known = file.current?.description
            return GeoFacts.Database(
                type: known?.type, builtAt: known?.builtAt, ipVersion: known?.ipVersion, nodes: known?.nodes,
                problem: file.problem)
        }
        return GeoFacts(source: source, database: database, trustsCloudflare: trustsCloudflare)
    }

    func run() async throws {
        guard let file else { return try await gracefulShutdown() }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                say(file.refresh())
                try? await Task.sleep(for: .seconds(Self.lookEverySeconds))
            }
        }
    }

    private func say(_ change: CountryDatabaseFile.Change) {
        switch change {
        case .unchanged: break
        case .loaded(let database):
            logger.info("Country database loaded: \(database.type), \(database.countries) countries.")
            let days = (clock.now() / 1_000 - database.builtAt) / 86_400
            if days > Self.oldAfterDays {
                logger.warning(
                    "The country database was built \(days) days ago; get a newer one (docs/geoip.md).")
            }
        case .refused(let reason): logger.warning("\(reason)")
        case .vanished: logger.warning("The country database is gone; the one in memory stays in use.")
        }
    }
}

/// The country database, as gauges.
struct CountryDatabaseGauges: GaugeSource {
    let file: CountryDatabaseFile?

    func read(into readings: inout GaugeReadings) {
        let known = file?.current?.description
        readings[.geoDatabaseLoaded] = known == nil ? 0 : 1
        readings[.geoDatabaseBuiltTimestamp] = Double(known?.builtAt ?? 0)
    }
}
