/// What the rules compare with: the settings whose names begin with ALERT_.
public struct AlertThresholds: Sendable {
    /// ALERT_OBJECTIVE as a share: of requests that must not end in a 5xx.
    public var objective = 0.999
    /// ALERT_ERRORS_MIN: fewer 5xx than this within an hour are nobody's concern.
    public var errorsMin = 3
    /// ALERT_LOW_TRAFFIC: below this many requests an hour a few errors count by themselves.
    public var lowTraffic = 1_000
    /// ALERT_LIMITED_MIN: 429s of one reason within a quarter of an hour.
    public var limitedMin = 50
    /// ALERT_LIMITED_FACTOR: times what the same quarter of an hour had a day and a week ago.
    public var limitedFactor = 4.0
    /// ALERT_LIMITED_CLIENTS: from this many clients on, the limit is the suspect and not a client.
    public var limitedClients = 5
    /// ALERT_DELIVERY_P99_MS.
    public var deliveryMilliseconds = 1_000
    /// ALERT_REQUEST_P99_MS.
    public var requestMilliseconds = 1_000
    /// ALERT_SLOW_MIN: the slowest of fewer observations a minute says nothing.
    public var slowMin = 20
    /// ALERT_NEAR_LIMIT as a share of a bound.
    public var nearLimit = 0.9
    /// ALERT_FLUSH_AGE_SECONDS.
    public var flushAgeSeconds = 180
    /// ALERT_GAP_MINUTES.
    public var gapMinutes = 5
    /// ALERT_RESTARTS: starts within a quarter of an hour.
    public var restarts = 3
    /// ALERT_DATABASE_DAYS.
    public var databaseDays = 45
    /// ALERT_LOGINS: refused ones within a quarter of an hour.
    public var logins = 20

    public init() {}

    /// The share of requests that may fail.
    var budget: Double { 1 - objective }
}
