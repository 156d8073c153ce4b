/// The rules, defined once: evaluated inside the server, and written for Prometheus.
public enum AlertRules {
    /// Minutes of an hour and of a day.
    private static let (hour, day) = (60, 1_440)

    /// Every rule, in the order of ``AlertName``.
    public static func all(_ thresholds: AlertThresholds = .init()) -> [AlertRule] {
        errors(thresholds) + limits(thresholds) + slowness(thresholds) + bounds(thresholds)
            + store(thresholds) + process(thresholds) + people(thresholds)
    }

    /// Those that the server evaluates itself.
    public static func inside(_ thresholds: AlertThresholds) -> [AlertRule] {
        all(thresholds).filter { AlertName.inside.contains($0.name) }
    }

    private static func rule(
        _ name: AlertName, _ severity: AlertSeverity, hold: Int = 0, keep: Int = 0,
        _ summary: String, _ description: String, when condition: AlertCondition
    ) -> AlertRule {
        AlertRule(
            name: name, severity: severity, condition: condition, hold: hold, keep: keep,
            summary: summary, description: description)
    }

    /// Windows of ratios, in minutes, and how many times the budget's even use is too much in both.
    static let burns: [(short: Int, long: Int, factor: Double)] = [
        (5, hour, 14.4), (30, 6 * hour, 6), (2 * hour, day, 3), (6 * hour, 3 * day, 1),
    ]

    private static func errors(_ t: AlertThresholds) -> [AlertRule] {
        func burns(_ some: ArraySlice<(short: Int, long: Int, factor: Double)>) -> AlertCondition {
            .any(
                some.map { burn in
                    let limit = AlertValue.constant(burn.factor * t.budget)
                    return .all([
                        .above(.errorRatio(minutes: burn.short), limit),
                        .above(.errorRatio(minutes: burn.long), limit),
                    ])
                })
        }
        func enough(_ minutes: Int) -> AlertCondition {
            .atLeast(.errors(minutes: minutes), .constant(Double(t.errorsMin)))
        }
        let budget = "\(percent(t.budget)) of requests may fail"
        return [
            rule(
                .errorBudgetBurnFast, .critical, hold: 2, keep: 5, "Many requests fail",
                "\(budget); at this rate the budget of a month is used up within days: over 14.4 times as many failed within 5 minutes and an hour, or 6 times as many within 30 minutes and 6 hours.",
                when: .all([burns(Self.burns.prefix(2)), enough(hour)])),
            rule(
                .errorBudgetBurnSlow, .warning, hold: 15, keep: 30, "More requests fail than may",
                "\(budget); at this rate the budget of a month doesn't last: over 3 times as many failed within 2 hours and a day, or more than that within 6 hours and 3 days.",
                when: .all([burns(Self.burns.suffix(2)), enough(day)])),
            rule(
                .serverErrorsAtLowTraffic, .warning, "Requests fail while few are made",
                "At least \(t.errorsMin) of fewer than \(t.lowTraffic) requests within an hour ended in a 5xx; so few don't move a ratio for long.",
                when: .all([
                    enough(hour),
                    .below(.count([.httpRequests], minutes: hour), .constant(Double(t.lowTraffic))),
                ])),
        ]
    }

    /// How many minutes of 429s are looked at together, and with which of the past they are compared.
    static let (limitMinutes, agos) = (15, [day, 7 * day])

    private static func limits(_ t: AlertThresholds) -> [AlertRule] {
        // What every day or week has at this time is the usual, however much it is.
        let spike: [AlertCondition] =
            [.atLeast(.limited(minutes: limitMinutes), .constant(Double(t.limitedMin)))]
            + agos.map {
                .above(
                    .limited(minutes: limitMinutes),
                    .times(t.limitedFactor, .limited(minutes: limitMinutes, ago: $0)))
            }
        let clients = AlertValue.constant(Double(t.limitedClients))
        let words =
            "At least \(t.limitedMin) requests were refused by it with 429 within \(limitMinutes) minutes, over \(plain(t.limitedFactor)) times as many as a day and a week ago"
        return [
            rule(
                .limitTooTight, .warning, hold: 2, keep: 10, "A limit meets many clients",
                "\(words), and at least \(t.limitedClients) clients met it: it may be too tight.",
                when: .all(spike + [.atLeast(.limitedClients(minutes: limitMinutes), clients)])),
            rule(
                .clientMisbehaving, .info, hold: 2, keep: 10,
                "A few clients meet a limit again and again",
                "\(words), by fewer than \(t.limitedClients) clients: it does its work.",
                when: .all(spike + [.below(.limitedClients(minutes: limitMinutes), clients)])),
        ]
    }

    private static func slowness(_ t: AlertThresholds) -> [AlertRule] {
        func slow(_ stat: StoredStat, _ milliseconds: Int, _ counted: [StoredStat]) -> AlertCondition {
            .all([
                .above(.quantile(stat), .constant(Double(milliseconds) / 1_000)),
                .atLeast(.count(counted, minutes: 1), .constant(Double(t.slowMin))),
            ])
        }
        return [
            rule(
                .deliveriesSlow, .warning, hold: 5, keep: 5, "Messages arrive late",
                "For 5 minutes, one in a hundred deliveries took longer than \(t.deliveryMilliseconds) ms.",
                when: slow(
                    .deliveryP99, t.deliveryMilliseconds, [.deliveriesSSE, .deliveriesWS, .deliveriesPoll])),
            rule(
                .requestsSlow, .warning, hold: 5, keep: 5, "Requests are slow",
                "For 5 minutes, one in a hundred requests took longer than \(t.requestMilliseconds) ms; streams and long-polls don't count.",
                when: slow(.requestP99, t.requestMilliseconds, [.requestsTimed])),
        ]
    }

    private static func bounds(_ t: AlertThresholds) -> [AlertRule] {
        func near(_ name: AlertName, _ used: Gauge, _ limit: Gauge, _ what: String, _ setting: String)
            -> AlertRule
        {
            rule(
                name, .warning, hold: 5, keep: 10, "\(what) near the limit",
                "For 5 minutes it has been over \(percent(t.nearLimit)) of \(setting); beyond that clients are answered 503.",
                when: .above(.gauge(used), .times(t.nearLimit, .gauge(limit))))
        }
        return [
            near(
                .roomMemoryNearLimit, .roomBufferBytes, .roomBufferLimitBytes, "The rooms' memory is",
                "ROOM_GLOBAL_MAX_BYTES"),
            near(
                .inboxMemoryNearLimit, .inboxBytes, .inboxLimitBytes, "The inboxes' memory is",
                "INBOX_GLOBAL_MAX_BYTES"),
            near(.roomsNearLimit, .activeRooms, .roomsLimit, "The number of rooms is", "ROOMS_MAX"),
        ]
    }

    private static func store(_ t: AlertThresholds) -> [AlertRule] {
        [
            rule(
                .storeNotWriting, .critical, hold: 2, keep: 2, "The store can't be written",
                "Its last flush failed or is older than \(t.flushAgeSeconds) s; counts wait in memory, a day of them at most.",
                when: .any([
                    .below(.gauge(.storeWritable), .constant(1)),
                    .all([
                        .above(.age(.lastFlushTimestamp), .constant(Double(t.flushAgeSeconds))),
                        .above(.gauge(.lastFlushTimestamp), .constant(0)),
                    ]),
                ])),
            rule(
                .storeSetAside, .critical, "A part of the store was damaged",
                "Within an hour it was set aside and a new one took its place; history is missing.",
                // By its time: in a new store the count of what was set aside begins anew, too.
                when: .below(.age(.storeSetAsideTimestamp), .constant(3_600))),
            rule(
                .historyGap, .info, "The history has a gap",
                "At least \(t.gapMinutes) minutes without a sample within an hour; downtime counts.",
                when: .atLeast(.count([.missedSamples], minutes: hour), .constant(Double(t.gapMinutes)))),
        ]
    }

    private static func process(_ t: AlertThresholds) -> [AlertRule] {
        [
            rule(
                .uncleanRestart, .warning, "The last run ended without a shutdown",
                "The server started within 15 minutes and found that the run before had been killed or had crashed.",
                when: .above(.count([.uncleanShutdowns], minutes: 15), .constant(0))),
            rule(
                .restartLoop, .critical, keep: 15, "The server restarts again and again",
                "It started at least \(t.restarts) times within 15 minutes.",
                when: .atLeast(.count([.processStarts], minutes: 15), .constant(Double(t.restarts)))),
        ]
    }

    private static func people(_ t: AlertThresholds) -> [AlertRule] {
        [
            rule(
                .countryDatabaseStale, .info, hold: hour, "The country database is old",
                "It was built more than \(t.databaseDays) days ago; addresses have moved since.",
                when: .all([
                    .above(
                        .age(.geoDatabaseBuiltTimestamp), .constant(Double(t.databaseDays) * 86_400)),
                    .above(.gauge(.geoDatabaseBuiltTimestamp), .constant(0)),
                ])),
            rule(
                .loginAttempts, .warning, keep: 10, "Somebody tries to get in",
                "At least \(t.logins) logins were refused within 15 minutes.",
                when: .atLeast(.count([.loginsRefused], minutes: 15), .constant(Double(t.logins)))),
            rule(
                .alertsUndelivered, .warning, "Messages to the operator don't arrive",
                "At least one could not be delivered within an hour, on at least one channel.",
                when: .above(.count([.operatorMessagesFailed], minutes: hour), .constant(0))),
            rule(
                .down, .critical, hold: 2, "The server doesn't answer",
                "Prometheus could not scrape it for 2 minutes.", when: .below(.up, .constant(1))),
        ]
    }

    /// `0.1 %`
    private static func percent(_ share: Double) -> String { "\(plain(share * 100)) %" }

    /// A number as people write it.
    static func plain(_ value: Double) -> String {
        let rounded = (value * 1e9).rounded() / 1e9
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int64(rounded))" : "\(rounded)"
    }
}
