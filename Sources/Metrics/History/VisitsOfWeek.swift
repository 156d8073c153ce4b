import Foundation
import SQLite

/// Visits by country of the last seven days, read from a store file that a server may be using.
public struct VisitsOfWeek: Sendable {
    public let answer: GeoAnswer
    /// Visits whose CF-IPCountry didn't count, since first boot.
    public let headersIgnored: UInt64

    /// - Parameters:
    ///   - path: the store's file; nothing is counted when it isn't there.
    ///   - now: Unix ms.
    public init(path: String, now: Int64) throws {
        var visits: CountryTable.Totals = [:]
        var ignored: UInt64 = 0
        let week = 7 * dayMilliseconds
        if FileManager.default.fileExists(atPath: path) {
            let connection = try Connection(path: path, mode: .readOnly)
            if try connection.integer("SELECT 1 FROM sqlite_master WHERE name = 'country_hours'") != nil {
                visits = try CountryTable.hours.visits(connection, from: now - week)
                ignored = UInt64(
                    clamping: try SeriesTotals.read(connection, Counter.cloudflareHeadersIgnored.slot))
            }
        }
        headersIgnored = ignored
        answer = History.answer(
            visits, range: .week, source: .hourly, requested: now - week, until: nil, available: nil,
            approximate: true, minimum: 1)
    }
}
