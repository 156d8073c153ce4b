import SignalboxMetrics

extension ServerSettings {
    /// The settings whose names begin with ALERT_.
    var alertThresholds: AlertThresholds {
        var thresholds = AlertThresholds()
        thresholds.objective = number("ALERT_OBJECTIVE") / 100
        thresholds.errorsMin = integer("ALERT_ERRORS_MIN")
        thresholds.lowTraffic = integer("ALERT_LOW_TRAFFIC")
        thresholds.limitedMin = integer("ALERT_LIMITED_MIN")
        thresholds.limitedFactor = number("ALERT_LIMITED_FACTOR")
        thresholds.limitedClients = integer("ALERT_LIMITED_CLIENTS")
        thresholds.deliveryMilliseconds = integer("ALERT_DELIVERY_P99_MS")
        thresholds.requestMilliseconds = integer("ALERT_REQUEST_P99_MS")
        thresholds.slowMin = integer("ALERT_SLOW_MIN")
        thresholds.nearLimit = Double(integer("ALERT_NEAR_LIMIT")) / 100
        thresholds.flushAgeSeconds = integer("ALERT_FLUSH_AGE_SECONDS")
        thresholds.gapMinutes = integer("ALERT_GAP_MINUTES")
        thresholds.restarts = integer("ALERT_RESTARTS")
        thresholds.databaseDays = integer("ALERT_DATABASE_DAYS")
        thresholds.logins = integer("ALERT_LOGINS")
        return thresholds
    }
}
