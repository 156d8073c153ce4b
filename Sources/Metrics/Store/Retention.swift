extension Store {
    /// How long what is counted is kept.
    public struct Retention: Sendable, Equatable {
        /// METRICS_HISTORY_RETENTION_MINUTES, minute points; 31 days by default as in the original.
        public var minutes: Int64 = 31 * 24 * 60
        /// METRICS_HOURLY_HISTORY_MAX, hour points; 5 years by default.
        public var hours: Int64 = 24 * 366 * 5
        /// METRICS_DAILY_HISTORY_MAX, day points; 0, the default, keeps them for ever.
        public var days: Int64 = 0
        /// METRICS_GEO_MINUTE_RETENTION_MINUTES, countries by minute: a day, for so few people are single ones.
        public var countryMinutes: Int64 = 24 * 60
        /// METRICS_GEO_HOURLY_HISTORY_MAX, countries by hour; 5 years by default.
        public var countryHours: Int64 = 24 * 366 * 5
        public init() {}
    }

    /// How many of the newest samples a clock that ran ahead may have made without costing history.
    static let samplesBehindClock = 60
}
