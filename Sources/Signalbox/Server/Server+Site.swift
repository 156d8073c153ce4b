import Foundation
import SignalboxMetrics
import Site
import Web

/// What the pages for everybody tell of this server.
extension Server {
    /// - Parameter openAPI: the API's description as it was loaded.
    func record(
        _ templates: Templates, _ files: StaticFiles, _ texts: SiteTexts, openAPI: String
    ) throws -> BuildRecord {
        let source = settings["SOURCE_URL"]
        if let source, source.wholeMatch(of: /https?:\/\/[!-~]+/) == nil {
            throw SettingsError(
                description: "SOURCE_URL is \"\(source)\"; it must be an address that begins with https://.")
        }
        let note = BuildNote.read()
        let hash = ExecutableHash(manifest: note?.manifest)
        return BuildRecord(
            version: BuildVersion(SignalboxCommand.version).text, commit: note?.commit, source: source,
            keeping: keeping, program: { await hash.files() },
            pages: files.hashes + templates.hashes.map { ("templates/" + $0.name, $0.sha256) } + texts.hashes
                + [("openapi.json", SHA256.hex(openAPI))])
    }

    /// How long what is counted is kept, and how countries are found, for `/source` and `/api/status`.
    private var keeping: [(name: String, value: String)] {
        [
            "METRICS_HISTORY_RETENTION_MINUTES", "METRICS_HOURLY_HISTORY_MAX", "METRICS_DAILY_HISTORY_MAX",
            "METRICS_GEO_MINUTE_RETENTION_MINUTES", "METRICS_GEO_HOURLY_HISTORY_MAX", "STATS_TZ",
            "GEO_SOURCE", "GEO_MIN_COUNT", "TRUST_CLOUDFLARE",
        ].map { ($0, settings[$0] ?? "") }
    }

    func siteTexts(_ files: PublicFiles, now: Int64) throws -> SiteTexts {
        let contact = settings["SECURITY_CONTACT"]
        if let contact, contact.wholeMatch(of: /(mailto:|https:\/\/|tel:)[!-~]+/) == nil {
            throw SettingsError(
                description:
                    "SECURITY_CONTACT is \"\(contact)\"; it must be an address that begins with mailto:, https:// or tel:."
            )
        }
        do {
            return try SiteTexts(
                texts: URL(filePath: files.root), clients: URL(filePath: files.sdk), contact: contact,
                // RFC 9116 wants less than a year.
                expires: Date(timeIntervalSince1970: Double(now / 1_000) + 180 * 86_400))
        } catch {
            throw SettingsError(
                description:
                    "llms.txt, robots.txt or sdk/ in \(files.root) can't be read; PUBLIC_DIR must be the whole Public folder."
            )
        }
    }
}
