/// A number that a rule looks at. It can be written as PromQL and be worked out from the server's own minutes,
/// and nothing can be said here that one of them couldn't say.
indirect enum AlertValue: Sendable {
    case constant(Double)
    /// What columns counted together within the last so many minutes.
    case count([StoredStat], minutes: Int)
    /// 429s of the limit that the alert is about within so many minutes, up to now or to some minutes ago.
    case limited(minutes: Int, ago: Int = 0)
    /// Clients that met that limit.
    case limitedClients(minutes: Int)
    /// The share of requests that ended in a 5xx, but for the dashboard's own 503s.
    case errorRatio(minutes: Int)
    /// A gauge's value now.
    case gauge(Gauge)
    /// Seconds since the time that a gauge holds.
    case age(Gauge)
    /// A quantile of the last minute, in seconds.
    case quantile(StoredStat)
    case difference(AlertValue, AlertValue)
    case times(Double, AlertValue)
    /// 1 for a target that answers Prometheus, 0 for one that doesn't.
    case up

    /// 5xx within so many minutes, but for the dashboard's own 503s: nobody is hurt by them, and anybody could raise
    /// an alert by asking for a dashboard that is switched off.
    static func errors(minutes: Int) -> AlertValue {
        .difference(.count([.http5xx], minutes: minutes), .count([.overCapacityDashboard], minutes: minutes))
    }
}

/// When a rule holds.
indirect enum AlertCondition: Sendable {
    case above(AlertValue, AlertValue)
    case atLeast(AlertValue, AlertValue)
    case below(AlertValue, AlertValue)
    case all([AlertCondition])
    case any([AlertCondition])
}

/// One alert: when it fires, for whom, and in what words. No word of it depends on what anybody sent.
public struct AlertRule: Sendable {
    public let name: AlertName
    public let severity: AlertSeverity
    let condition: AlertCondition
    /// Minutes that the condition must hold before it fires.
    public let hold: Int
    /// Minutes that the condition must be away before it is resolved.
    public let keep: Int
    /// A few words.
    public let summary: String
    /// One sentence with the thresholds.
    public let description: String

    /// The alerts it is about: one, or one for each limit.
    var keys: [AlertKey] {
        name.isByLimit ? LimitReason.allCases.map { AlertKey(name, reason: $0) } : [AlertKey(name)]
    }
}
