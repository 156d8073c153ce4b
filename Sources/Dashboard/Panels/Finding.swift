import SignalboxMetrics

/// Something an operator should know about.
struct Finding: Equatable {
    enum Level: String, Sendable { case clear, caution, danger }

    /// What is wrong, by a name for programs.
    enum Kind: String, CaseIterable, Sendable {
        case flushOverdue = "flush_overdue"
        case storeNotWritable = "store_not_writable"
        case serverErrors = "server_errors"
        case turnedAway = "turned_away"
        case storeSetAside = "store_set_aside"
        case slowRequests = "slow_requests"
        case slowDeliveries = "slow_deliveries"
        case manyLimited = "many_limited"
        case roomsNearCap = "rooms_near_cap"
        case memoryNearCap = "memory_near_cap"
        case refusedLogins = "refused_logins"
        case countryDatabase = "country_database"
        case countryDatabaseOld = "country_database_old"
        case uncleanStart = "unclean_start"
    }

    /// What it is by itself; nil for an alert that nothing here says in its own words.
    let kind: Kind?
    let level: Level
    /// A few words.
    let text: String
    /// Since when it is so, Unix ms; nil where that isn't known.
    let since: Int64?
    /// The alert that fires for it.
    var alert: AlertName?
    /// Until when the alert is silenced, Unix ms.
    var silencedUntil: Int64?

    /// The metric that shows its course; nil where there is none.
    var metric: String? {
        kind?.metric ?? alert.flatMap { Kind.said(by: $0).first?.metric }
    }

    /// Its name for programs.
    var name: String { kind?.rawValue ?? alert?.text ?? "" }
}

/// Everything that is wrong now, worst first.
struct Findings {
    let list: [Finding]
    /// 5xx within the last hour, but for those that say that a bound is reached.
    let serverErrors: Int64
    /// Any 5xx within the last hour.
    let has5xx: Bool
    let isFlushOverdue: Bool

    /// A flush is taken each minute: two missed ones are a fault, not a delay.
    private static let flushOverdueAfterSeconds: Int64 = 150
    /// Above this share of a bound it is time to look.
    private static let nearlyFull = 0.9
    /// A person notices a second.
    private static let slowMicroseconds: Int64 = 1_000_000
    /// The slowest of a handful says nothing.
    private static let slowMin: Int64 = 20
    /// A share of requests, and a number, of refusals within five minutes that are more than the usual few.
    private static let limitedShare = 0.05
    private static let limitedMin: Int64 = 50
    private static let refusedLoginsMin: Int64 = 10
    /// How long after a start it is still news how the last run ended.
    private static let startIsNewsSeconds: Int64 = 3_600

    init(_ input: StatsInput, _ hour: LastHour) {
        let turnedAway = hour.sum { min($0[.overCapacity], $0[.http5xx]) }
        serverErrors = hour.sum(Self.faults)
        has5xx = hour.sum { $0[.http5xx] } > 0
        isFlushOverdue =
            input.seconds(since: max(input.lastFlushAt, input.startedAt)) > Self.flushOverdueAfterSeconds
        var list = Self.store(input, isFlushOverdue: isFlushOverdue)
        if serverErrors > 0 {
            list.append(
                Finding(
                    kind: .serverErrors, level: .danger,
                    text: "\(NumberText.exact(serverErrors)) × 5xx in the last hour",
                    since: hour.first { Self.faults($0) > 0 }?.t))
        }
        list += Self.slow(hour)
        if turnedAway > 0 {
            list.append(
                Finding(
                    kind: .turnedAway, level: .caution,
                    text: "\(NumberText.exact(turnedAway)) × 503 in the last hour: a bound was reached",
                    since: hour.first { $0[.overCapacity] > 0 }?.t))
        }
        list += Self.full(input, hour)
        list += Self.suspicious(hour)
        list += Self.setUp(input)
        list = Self.joined(list, input.alerts.firing)
        // Worst first; equally bad ones stay in the order above.
        self.list = list.filter { $0.level == .danger } + list.filter { $0.level != .danger }
    }

    /// Alerts take the findings that say the same as their words, which have numbers; others stand by themselves.
    private static func joined(_ findings: [Finding], _ alerts: [AlertReport]) -> [Finding] {
        var list = findings
        for report in alerts {
            let level: Finding.Level = report.rule.severity == .critical ? .danger : .caution
            let kinds = Finding.Kind.said(by: report.key.name)
            if let place = list.firstIndex(where: { finding in
                finding.alert == nil && finding.kind.map(kinds.contains) == true
            }) {
                let known = list[place]
                list[place] = Finding(
                    kind: known.kind, level: known.level == .danger ? .danger : level, text: known.text,
                    since: report.state.since, alert: report.key.name, silencedUntil: report.silencedUntil)
            } else if report.key.name != .storeNotWriting {
                // Whether the store can be written is known by itself, sooner than a minute tells.
                let limit = report.key.reason.map { " (\($0.text))" } ?? ""
                list.append(
                    Finding(
                        kind: nil, level: level, text: report.rule.summary + limit,
                        since: report.state.since, alert: report.key.name,
                        silencedUntil: report.silencedUntil))
            }
        }
        return list
    }

    /// 5xx of a minute that are faults, and not a bound's 503.
    static func faults(_ point: Point) -> Int64 {
        max(0, point[.http5xx] &- max(0, point[.overCapacity]))
    }

    private static func store(_ input: StatsInput, isFlushOverdue: Bool) -> [Finding] {
        var list: [Finding] = []
        if isFlushOverdue {
            let last = input.lastFlushAt
            list.append(
                Finding(
                    kind: .flushOverdue, level: .danger,
                    text: last == 0
                        ? "Nothing written to the store since the start"
                        : "Store flush overdue: last one \(NumberText.age(seconds: input.seconds(since: last)))",
                    since: last == 0 ? input.startedAt : last))
        }
        if input.gauges[.storeWritable] == 0 {
            let waiting = Int64(input.gauges[.storeUnwrittenPoints])
            list.append(
                Finding(
                    kind: .storeNotWritable, level: .danger,
                    text: "The store can't be written; \(NumberText.exact(waiting)) minutes wait in memory",
                    since: input.lastFlushAt == 0 ? input.startedAt : input.lastFlushAt))
        }
        if input.storesSetAside > 0 {
            list.append(
                Finding(
                    kind: .storeSetAside, level: .danger,
                    text: "A part of the store was damaged and was set aside",
                    since: Int64(input.gauges[.storeSetAsideTimestamp] * 1_000)))
        }
        return list
    }

    private static func slow(_ hour: LastHour) -> [Finding] {
        let kinds: [(Finding.Kind, StoredStat, counted: [StoredStat], String)] = [
            (.slowRequests, .requestP99, [.requestsTimed], "Requests"),
            (
                .slowDeliveries, .deliveryP99, [.deliveriesSSE, .deliveriesWS, .deliveriesPoll],
                "Deliveries"
            ),
        ]
        return kinds.compactMap { kind, stat, counted, words in
            func isSlow(_ point: Point) -> Bool {
                point[stat] >= slowMicroseconds
                    && counted.reduce(0) { boundedSum($0, point[$1]) } >= slowMin
            }
            guard let since = hour.since(isSlow), let last = hour.last else { return nil }
            return Finding(
                kind: kind, level: .caution,
                text: "\(words) are slow: p99 \(ValueUnit.microseconds.text(Double(last[stat])))",
                since: since)
        }
    }

    private static func full(_ input: StatsInput, _ hour: LastHour) -> [Finding] {
        func share(_ used: Double, _ limit: Double) -> Double? {
            let share = used / limit
            return share.isFinite && share >= nearlyFull ? share : nil
        }
        var list: [Finding] = []
        let bounds: [(Finding.Kind, Gauge, Gauge, StoredStat, StoredStat, String, String)] = [
            (.roomsNearCap, .activeRooms, .roomsLimit, .activeRooms, .roomsLimit, "Rooms", "ROOMS_MAX"),
            (
                .memoryNearCap, .roomBufferBytes, .roomBufferLimitBytes, .roomBufferBytes,
                .roomBufferLimitBytes, "Message memory", "its limit"
            ),
        ]
        for (kind, used, limit, usedStat, limitStat, what, bound) in bounds {
            guard let now = share(input.gauges[used], input.gauges[limit]) else { continue }
            list.append(
                Finding(
                    kind: kind, level: .caution, text: "\(what) at \(NumberText.percent(now)) of \(bound)",
                    since: hour.since { share(Double($0[usedStat]), Double($0[limitStat])) != nil }
                        ?? input.now))
        }
        return list
    }

    private static func suspicious(_ hour: LastHour) -> [Finding] {
        var list: [Finding] = []
        let recent = hour.points.suffix(5).compactMap { $0 }
        func sum(_ stat: StoredStat) -> Int64 { recent.reduce(0) { boundedSum($0, $1[stat]) } }
        let (limited, requests) = (sum(.http429), sum(.httpRequests))
        if limited >= limitedMin, Double(limited) >= limitedShare * Double(requests) {
            list.append(
                Finding(
                    kind: .manyLimited, level: .caution,
                    text: "\(NumberText.exact(limited)) × 429 in five minutes",
                    since: hour.since { $0[.http429] > 0 } ?? recent.first?.t))
        }
        let refused = hour.sum { $0[.loginsRefused] }
        if refused >= refusedLoginsMin {
            list.append(
                Finding(
                    kind: .refusedLogins, level: .caution,
                    text: "\(NumberText.exact(refused)) refused logins in the last hour",
                    since: hour.first { $0[.loginsRefused] > 0 }?.t))
        }
        return list
    }

    private static func setUp(_ input: StatsInput) -> [Finding] {
        var list: [Finding] = []
        if let problem = input.geoSelfTest.facts.database?.problem {
            list.append(Finding(kind: .countryDatabase, level: .caution, text: problem, since: nil))
        }
        if let days = input.geoSelfTest.databaseAgeDays, days > GeoSelfTest.oldAfterDays {
            list.append(
                Finding(
                    kind: .countryDatabaseOld, level: .caution,
                    text: "The country database is \(days) days old", since: nil))
        }
        if !input.lastRunEndedCleanly, input.seconds(since: input.startedAt) < startIsNewsSeconds {
            list.append(
                Finding(
                    kind: .uncleanStart, level: .caution, text: "The last run did not end cleanly",
                    since: input.startedAt))
        }
        return list
    }
}
