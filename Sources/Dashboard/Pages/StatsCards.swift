import SignalboxMetrics

/// The dashboard's cards, in three groups: what is there now, what went wrong, what passed through.
struct StatsCards {
    struct Group {
        let title: String
        /// Names the group's layout in the style sheet.
        let kind: String
        let cards: [StatsCard]
    }

    private let input: StatsInput
    private let hour: LastHour
    /// The table below has them all.
    private static let reasonsOnCard = 4

    init(_ input: StatsInput, _ hour: LastHour) {
        self.input = input
        self.hour = hour
    }

    var groups: [Group] {
        [
            Group(title: "Now", kind: "now", cards: [activeRooms, activeSubscribers, memory, uptime]),
            Group(
                title: "Failed, refused and reported, since first boot", kind: "trouble",
                cards: [serverErrors, limited, reports]),
            Group(
                title: "Traffic, since first boot", kind: "traffic",
                cards: [messages, rooms, webSockets, eventStreams, longPolls, clients]),
        ]
    }

    private var activeRooms: StatsCard {
        StatsCard(
            "Active rooms", NumberText.count(input.gauges[.activeRooms]),
            details: ["peak \(NumberText.count(Double(input.peak(.rooms))))"],
            hour: highestText(.peakRooms), picture: hour.sparkline { $0[.peakRooms] })
    }

    private var activeSubscribers: StatsCard {
        func now(_ transport: Transport) -> String { NumberText.count(input.gauges[.subscribers(transport)]) }
        return StatsCard(
            "Active subscribers", NumberText.count(Double(input.gauges.activeSubscribers)),
            details: [
                line("\(now(.sse)) SSE", "\(now(.ws)) WebSocket", "\(now(.poll)) waiting"),
                "peak \(NumberText.count(Double(input.peak(.subscribers))))",
            ],
            hour: highestText(.peakSubs), picture: hour.sparkline { $0[.peakSubs] })
    }

    private var memory: StatsCard {
        let (used, limit) = (input.gauges[.roomBufferBytes], input.gauges[.roomBufferLimitBytes])
        let bound = limit > 0 ? " of \(NumberText.bytes(limit))" : ""
        return StatsCard(
            "Memory", NumberText.bytes(Double(input.residentBytes)),
            details: ["\(NumberText.bytes(used))\(bound) for messages"],
            hour: "messages, last hour", picture: hour.sparkline { $0[.roomBufferBytes] },
            tone: limit > 0 && used / limit >= 0.9 ? .caution : .calm)
    }

    private var uptime: StatsCard {
        let restarts = input.processStarts > 0 ? input.processStarts - 1 : 0
        let started = CivilTime(input.startedAt, in: input.timeZone).dateAndTime
        let sampled = hour.sum { _ in 1 }
        return StatsCard(
            "Uptime", NumberText.duration(seconds: input.seconds(since: input.startedAt)),
            details: [
                line(plural(restarts, "restart"), "\(NumberText.exact(input.uncleanShutdowns)) unclean"),
                "since \(started) \(CivilTime.name(of: input.timeZone))",
            ],
            hour: "\(sampled) of 60 min sampled", picture: hour.sparkline { _ in 1 })
    }

    private var serverErrors: StatsCard {
        let recent = hour.sum { $0[.http5xx] }
        return StatsCard(
            "HTTP 5xx", NumberText.count(total(.http5xx)),
            details: [
                line("\(NumberText.count(total(.http4xx))) 4xx", "\(NumberText.count(total(.http2xx))) 2xx")
            ],
            hour: hourText(recent), picture: hour.sparkline { $0[.http5xx] },
            tone: recent > 0 ? .danger : .calm)
    }

    private var limited: StatsCard {
        let reasons = LimitReason.allCases.map {
            (name: CounterRows.words($0), count: input.limited[$0] ?? 0)
        }
        .filter { $0.count > 0 }.sorted { $0.count > $1.count }.prefix(Self.reasonsOnCard)
        let recent = hour.sum { $0[.http429] }
        return StatsCard(
            "Rate limit 429", NumberText.count(total(.http429)),
            details: reasons.isEmpty
                ? ["nobody was refused yet"]
                : [line(reasons.map { "\(NumberText.count(Double($0.count))) \($0.name)" })],
            hour: hourText(recent), picture: hour.sparkline { $0[.http429] },
            tone: recent > 0 ? .caution : .calm)
    }

    private var reports: StatsCard {
        StatsCard(
            "Bug reports", NumberText.count(total(.bugReports)), details: ["sent to the operator"],
            hour: hourText(hour.sum { $0[.bugs] }), picture: hour.sparkline { $0[.bugs] })
    }

    private var messages: StatsCard {
        StatsCard(
            "Messages relayed", NumberText.count(total(.messages)),
            details: ["\(NumberText.bytes(total(.bytes))) ciphertext"],
            hour: hourText(hour.sum { $0[.messages] }), picture: hour.sparkline { $0[.messages] })
    }

    private var rooms: StatsCard {
        StatsCard(
            "Rooms created", NumberText.count(total(.roomsCreated)),
            details: ["\(NumberText.count(total(.roomsEvicted))) evicted"],
            hour: hourText(hour.sum { $0[.rooms] }), picture: hour.sparkline { $0[.rooms] })
    }

    private var webSockets: StatsCard {
        StatsCard(
            "WebSocket connects", NumberText.count(total(.wsConnects)),
            details: ["\(NumberText.count(total(.wsDisconnects))) closes"],
            hour: hourText(hour.sum { $0[.wsConnects] }), picture: hour.sparkline { $0[.wsConnects] })
    }

    private var eventStreams: StatsCard {
        StatsCard(
            "SSE connects", NumberText.count(total(.sseConnects)),
            details: ["\(NumberText.count(total(.sseDisconnects))) closes"],
            hour: hourText(hour.sum { $0[.sseConnects] }), picture: hour.sparkline { $0[.sseConnects] })
    }

    private var longPolls: StatsCard {
        StatsCard(
            "Long-poll wakes", NumberText.count(total(.longpollWakes)),
            details: ["\(NumberText.count(total(.longpollTimeouts))) timeouts"],
            hour: hourText(hour.sum { $0[.longpollWakes] }), picture: hour.sparkline { $0[.longpollWakes] })
    }

    private var clients: StatsCard {
        let (browser, agent) = (total(.transportBrowser), total(.transportAgent))
        return StatsCard(
            "Browser share of posts", NumberText.percent(browser / (browser + agent)),
            details: [line("\(NumberText.count(browser)) browser", "\(NumberText.count(agent)) agent")],
            picture: ShareBar(browser, agent).svg())
    }

    private func total(_ which: OriginalTotal) -> Double { Double(input.total(which)) }

    private func hourText(_ count: Int64) -> String {
        count == 0 ? "last hour: none" : "last hour: +\(NumberText.count(Double(count)))"
    }

    private func highestText(_ stat: StoredStat) -> String? {
        let highest = hour.points.compactMap { $0?[stat] }.max()
        return highest.map { "last hour: up to \(NumberText.count(Double($0)))" }
    }

    /// Parts on one line, broken between them if at all.
    private func line(_ parts: [String]) -> String {
        parts.map { $0.split(separator: " ").joined(separator: "\u{A0}") }.joined(separator: ", ")
    }

    private func line(_ parts: String...) -> String { line(parts) }

    private func plural(_ count: UInt64, _ noun: String) -> String {
        "\(NumberText.exact(count)) \(noun)\(count == 1 ? "" : "s")"
    }
}
