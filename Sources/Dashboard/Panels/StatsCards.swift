import SignalboxMetrics

/// The dashboard's cards, in three groups: what is there now, what went wrong, what passed through.
struct StatsCards {
    struct Group {
        let title: String
        /// Names the group's layout in the style sheet.
        let kind: String
        let cards: [StatsCard]
    }

    let input: StatsInput
    let hour: LastHour
    /// The table below has them all.
    private static let reasonsOnCard = 4
    /// A p99 above this makes its card stand out, µs.
    private static let slowMicroseconds = 1_000_000.0

    init(_ input: StatsInput, _ hour: LastHour) {
        self.input = input
        self.hour = hour
    }

    var groups: [Group] {
        [
            Group(title: "Now", kind: "now", cards: [activeRooms, activeSubscribers, memory, uptime]),
            Group(
                title: "Failed, refused, slow", kind: "trouble",
                cards: [serverErrors, limited, requestTime, deliveryLag]),
            Group(
                title: "Traffic, since first boot", kind: "traffic",
                cards: [messages, bytes, rooms, clients, webSockets, eventStreams, longPolls, reports]),
        ]
    }

    // MARK: Now

    private var activeRooms: StatsCard {
        StatsCard(
            "active_rooms", "Active rooms", input.gauges[.activeRooms],
            details: ["peak \(NumberText.count(Double(input.peak(.rooms))))"],
            hour: highestText(.peakRooms), course: course { $0[.peakRooms] })
    }

    private var activeSubscribers: StatsCard {
        func now(_ transport: Transport) -> String { NumberText.count(input.gauges[.subscribers(transport)]) }
        return StatsCard(
            "active_subs", "Active subscribers", Double(input.gauges.activeSubscribers),
            details: [
                line("\(now(.sse)) SSE", "\(now(.ws)) WebSocket", "\(now(.poll)) waiting"),
                "peak \(NumberText.count(Double(input.peak(.subscribers))))",
            ],
            hour: highestText(.peakSubs), course: course { $0[.peakSubs] })
    }

    private var memory: StatsCard {
        let (used, limit) = (input.gauges[.roomBufferBytes], input.gauges[.roomBufferLimitBytes])
        let bound = limit > 0 ? " of \(NumberText.bytes(limit))" : ""
        let highest = hour.highest(.residentBytes).map { "last hour: up to \(NumberText.bytes(Double($0)))" }
        return StatsCard(
            "resident_bytes", "Memory", Double(input.residentBytes), .bytes,
            details: ["\(NumberText.bytes(used))\(bound) for messages"],
            hour: highest ?? "last hour: not sampled yet", course: course { $0[.residentBytes] },
            tone: limit > 0 && used / limit >= 0.9 ? .caution : .calm)
    }

    private var uptime: StatsCard {
        let restarts = input.processStarts > 0 ? input.processStarts - 1 : 0
        let started = CivilTime(input.startedAt, in: input.timeZone).dateAndTime
        let sampled = hour.sum { _ in 1 }
        return StatsCard(
            "uptime_seconds", "Uptime", Double(input.seconds(since: input.startedAt)), .seconds,
            details: [
                line(plural(restarts, "restart"), "\(NumberText.exact(input.uncleanShutdowns)) unclean"),
                "since \(started) \(CivilTime.name(of: input.timeZone))",
            ],
            hour: "\(sampled) of 60 min sampled", course: course { _ in 1 })
    }

    // MARK: Trouble

    private var serverErrors: StatsCard {
        let recent = hour.sum { $0[.http5xx] }
        return StatsCard(
            "http_5xx", "HTTP 5xx", total(.http5xx),
            details: [
                line("\(NumberText.count(total(.http4xx))) 4xx", "\(NumberText.count(total(.http2xx))) well"),
                "since first boot",
            ],
            hour: hourText(recent), course: course { $0[.http5xx] },
            tone: hour.sum(Findings.faults) > 0 ? .danger : recent > 0 ? .caution : .calm)
    }

    private var limited: StatsCard {
        let reasons = LimitReason.allCases.map {
            (name: CounterRows.words($0.text), count: input.limited[$0] ?? 0)
        }
        .filter { $0.count > 0 }.sorted { $0.count > $1.count }.prefix(Self.reasonsOnCard)
        let recent = hour.sum { $0[.http429] }
        return StatsCard(
            "http_429", "Rate limit 429", total(.http429),
            details: reasons.isEmpty
                ? ["nobody was refused yet"]
                : [line(reasons.map { "\(NumberText.count(Double($0.count))) \($0.name)" })],
            hour: hourText(recent), course: course { $0[.http429] },
            tone: recent > 0 ? .caution : .calm)
    }

    private var requestTime: StatsCard {
        func last(_ stat: StoredStat) -> Double { Double(hour.last?[stat] ?? 0) }
        func text(_ stat: StoredStat) -> String {
            last(stat) > 0 ? ValueUnit.microseconds.text(last(stat)) : NumberText.missing
        }
        return StatsCard(
            "request_p99", "Request p99", last(.requestP99), .microseconds,
            details: [
                line("p50 \(text(.requestP50))", "p95 \(text(.requestP95))"), "last minute, without streams",
            ],
            hour: slowestText(.requestP99), course: course { $0[.requestP99] },
            tone: last(.requestP99) >= Self.slowMicroseconds ? .caution : .calm)
    }

    private var deliveryLag: StatsCard {
        let last = Double(hour.last?[.deliveryP99] ?? 0)
        return StatsCard(
            "delivery_p99", "Delivery lag p99", last, .microseconds,
            details: ["from accepted to written", "last minute, all transports"],
            hour: slowestText(.deliveryP99), course: course { $0[.deliveryP99] },
            tone: last >= Self.slowMicroseconds ? .caution : .calm)
    }

    // MARK: Traffic

    private var messages: StatsCard {
        StatsCard(
            "messages_relayed_total", "Messages relayed", total(.messages),
            details: ["\(NumberText.count(total(.httpPosts))) by POST"],
            hour: hourText(hour.sum { $0[.messages] }), course: course { $0[.messages] })
    }

    private var bytes: StatsCard {
        let recent = hour.sum { $0[.bytes] }
        return StatsCard(
            "bytes_relayed_total", "Bytes relayed", total(.bytes), .bytes, details: ["of ciphertext"],
            hour: recent == 0 ? "last hour: none" : "last hour: +\(NumberText.bytes(Double(recent)))",
            course: course { $0[.bytes] })
    }

    private var rooms: StatsCard {
        StatsCard(
            "rooms_created_total", "Rooms created", total(.roomsCreated),
            details: ["\(NumberText.count(total(.roomsEvicted))) evicted"],
            hour: hourText(hour.sum { $0[.rooms] }), course: course { $0[.rooms] })
    }

    private var webSockets: StatsCard {
        StatsCard(
            "ws_connects_total", "WebSocket connects", total(.wsConnects),
            details: ["\(NumberText.count(total(.wsDisconnects))) closes"],
            hour: hourText(hour.sum { $0[.wsConnects] }), course: course { $0[.wsConnects] })
    }

    private var eventStreams: StatsCard {
        StatsCard(
            "sse_connects_total", "SSE connects", total(.sseConnects),
            details: ["\(NumberText.count(total(.sseDisconnects))) closes"],
            hour: hourText(hour.sum { $0[.sseConnects] }), course: course { $0[.sseConnects] })
    }

    private var longPolls: StatsCard {
        StatsCard(
            "longpoll_wakes_total", "Long-poll wakes", total(.longpollWakes),
            details: [
                line(
                    "of \(NumberText.count(total(.longpollWaits))) waits",
                    "\(NumberText.count(total(.longpollTimeouts))) timeouts")
            ],
            hour: hourText(hour.sum { $0[.longpollWakes] }), course: course { $0[.longpollWakes] })
    }

    private var reports: StatsCard {
        StatsCard(
            "bug_reports_total", "Bug reports", total(.bugReports), details: ["sent to the operator"],
            hour: hourText(hour.sum { $0[.bugs] }), course: course { $0[.bugs] })
    }

    private var clients: StatsCard {
        let (browser, agent) = (total(.transportBrowser), total(.transportAgent))
        return StatsCard(
            "browser_share", "Browser share of posts", browser / (browser + agent), .share,
            details: [line("\(NumberText.count(browser)) browser", "\(NumberText.count(agent)) agent")],
            picture: ShareBar(browser, agent).svg())
    }
}

extension StatsCards {
    private func total(_ which: OriginalTotal) -> Double { Double(input.total(which)) }

    private func course(_ value: (Point) -> Int64) -> [Int64?] { hour.points.map { $0.map(value) } }

    private func hourText(_ count: Int64) -> String {
        count == 0 ? "last hour: none" : "last hour: +\(NumberText.count(Double(count)))"
    }

    private func highestText(_ stat: StoredStat) -> String? {
        hour.highest(stat).map { "last hour: up to \(NumberText.count(Double($0)))" }
    }

    private func slowestText(_ stat: StoredStat) -> String {
        guard let highest = hour.highest(stat), highest > 0 else { return "last hour: none" }
        return "last hour: up to \(ValueUnit.microseconds.text(Double(highest)))"
    }

    /// Parts on one line, broken between them if at all; long ones would not fit a phone's card whole.
    private func line(_ parts: [String]) -> String {
        parts.map { $0.count > 18 ? $0 : $0.split(separator: " ").joined(separator: "\u{A0}") }
            .joined(separator: ", ")
    }

    private func line(_ parts: String...) -> String { line(parts) }

    private func plural(_ count: UInt64, _ noun: String) -> String {
        "\(NumberText.exact(count)) \(noun)\(count == 1 ? "" : "s")"
    }
}
