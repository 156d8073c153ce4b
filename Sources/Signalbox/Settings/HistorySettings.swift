import Foundation
import SignalboxMetrics

extension ServerSettings {
    /// How long what is counted is kept.
    var retention: Store.Retention {
        var retention = Store.Retention()
        retention.minutes = Int64(integer("METRICS_HISTORY_RETENTION_MINUTES"))
        retention.hours = Int64(integer("METRICS_HOURLY_HISTORY_MAX"))
        retention.days = Int64(integer("METRICS_DAILY_HISTORY_MAX"))
        retention.countryMinutes = Int64(integer("METRICS_GEO_MINUTE_RETENTION_MINUTES"))
        retention.countryHours = Int64(integer("METRICS_GEO_HOURLY_HISTORY_MAX"))
        return retention
    }

    /// STATS_TZ.
    func timeZone() throws -> TimeZone {
        let name = self["STATS_TZ"] ?? "UTC"
        // Without asking for a table of all zones.
        if name == "UTC" { return .gmt }
        guard let zone = TimeZone(identifier: name) else {
            throw SettingsError(
                description: "STATS_TZ is no time zone that this machine knows; e.g. Europe/Berlin or UTC.")
        }
        return zone
    }
}
