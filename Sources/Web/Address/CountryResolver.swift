import Foundation
public import GeoIP
public import SignalboxMetrics

/// Where a visit came from. The address is looked at and forgotten; a count per country is all that stays.
public struct CountryResolver: Sendable {
    /// GEO_SOURCE: what may tell the country.
    public enum Source: String, CaseIterable, Sendable {
        /// Cloudflare's header, else the database.
        case auto
        case cloudflare, database
        /// Nothing: visits aren't counted by country.
        case off
    }

    public let source: Source
    private let database: @Sendable (IPAddress) -> CountryCode?

    /// - Parameter database: the country database, when there is one.
    public init(source: Source, database: @escaping @Sendable (IPAddress) -> CountryCode? = { _ in nil }) {
        self.source = source
        self.database = database
    }

    /// The country and what told it; nil when nothing may be counted.
    /// - Parameters:
    ///   - header: CF-IPCountry as it came.
    ///   - isHeaderTrusted: it came from a peer that is trusted to set it.
    public func country(
        client: IPAddress, header: String?, isHeaderTrusted: Bool
    ) -> (country: CountryCode, told: CountrySource)? {
        guard source != .off else { return nil }
        if client.isLoopback || client.isTailnet { return (.local, .local) }
        if isHeaderTrusted, source != .database, let named = header.flatMap(Self.headerCountry),
            named != .unknown
        {
            return (named, .cloudflare)
        }
        if source != .cloudflare, let found = database(client) { return (found, .database) }
        return (.unknown, .unknown)
    }

    /// Counts a visit.
    func count(client: IPAddress, header: String?, isHeaderTrusted: Bool, meter: Meter) {
        if header != nil, !isHeaderTrusted { meter.add(.cloudflareHeadersIgnored) }
        guard let visit = country(client: client, header: header, isHeaderTrusted: isHeaderTrusted) else {
            return
        }
        meter.visit(visit.country)
        meter.add(.countryLookups(visit.told))
    }

    /// Two letters or T1; LOCAL is for us to say.
    private static func headerCountry(_ value: String) -> CountryCode? {
        // RFC 9110 §5.5: spaces around a value are none of it.
        let code = CountryCode(value.trimmingCharacters(in: .whitespaces))
        return code == .local ? nil : code
    }
}
