import ArgumentParser
import Dashboard
import Foundation
import GeoIP
import SQLite
import SignalboxMetrics
import Web

/// `signalbox geoip`: what the server would take for the country of an address, and how well that works.
struct GeoIPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "geoip",
        abstract: "Look up the country of addresses, or test how countries are found.",
        discussion: """
            With addresses, one line each: the address and its country. Without, the self-test: source, \
            database, how many of the last week's visits were from unknown countries, and what to do about it.
            """)

    @Argument(help: "IPv4 or IPv6 addresses.")
    var addresses: [String] = []

    @Option(name: .long, help: "The country database, over GEOIP_DB.")
    var database: String?

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        do {
            let settings = try await options.load()
            var addresses: [(text: String, address: IPAddress)] = []
            for text in self.addresses {
                guard let address = IPAddress(text) else {
                    throw SettingsError(description: "«\(text)» is no IPv4 or IPv6 address.")
                }
                addresses.append((text, address))
            }
            guard
                let source = CountryResolver.Source(rawValue: settings["GEO_SOURCE"]?.lowercased() ?? "auto")
            else {
                throw SettingsError(description: "GEO_SOURCE is none of auto, cloudflare, database and off.")
            }
            let isAsked = source == .auto || source == .database
            let file = (database ?? (isAsked ? settings["GEOIP_DB"] : nil)).map {
                CountryDatabaseFile(path: $0)
            }
            _ = file?.refresh()
            if addresses.isEmpty {
                try await selfTest(settings, source, file)
            } else {
                try lookUp(addresses, file, isAsked: isAsked)
            }
        } catch let error as SettingsError {
            throw CleanExit.message(error.description, code: .failure)
        } catch let error as SQLiteError {
            throw CleanExit.message("The store can't be read: \(error.message).", code: .failure)
        }
    }

    private func lookUp(
        _ addresses: [(text: String, address: IPAddress)], _ file: CountryDatabaseFile?, isAsked: Bool
    ) throws {
        if let file, file.current == nil { throw SettingsError(description: file.problem ?? "No database.") }
        let resolver = CountryResolver(source: .database) {
            file?.current?.country(of: (high: $0.high, low: $0.low))
        }
        for one in addresses {
            let found = resolver.country(client: one.address, header: nil, isHeaderTrusted: false)
            let told =
                switch found?.told {
                case .local: "this machine or the tailnet"
                case .database: "database"
                default:
                    file != nil
                        ? "unknown"
                        : isAsked
                            ? "unknown; no database, set GEOIP_DB" : "unknown; GEO_SOURCE asks no database"
                }
            print("\(one.text)  \(found?.country.text ?? "XX")  (\(told))")
        }
    }

    private func selfTest(
        _ settings: ServerSettings, _ source: CountryResolver.Source, _ file: CountryDatabaseFile?
    ) async throws {
        let known = file?.current?.description
        let facts = GeoFacts(
            source: source,
            database: file.map {
                GeoFacts.Database(
                    type: known?.type, builtAt: known?.builtAt, ipVersion: known?.ipVersion,
                    nodes: known?.nodes, problem: $0.problem)
            }, trustsCloudflare: settings.isOn("TRUST_CLOUDFLARE"))
        let now = try ClockSetting(settings["CLOCK"]).clock.now()
        let path = (settings["DATA_DIR"] ?? "./data") + "/signalbox.sqlite"
        let week = try VisitsOfWeek(path: path, now: now)
        let test = GeoSelfTest(facts, week: week.answer, headersIgnored: week.headersIgnored, now: now)
        for line in test.lines { print(line) }
        if file != nil, known == nil { throw ExitCode.failure }
    }
}
