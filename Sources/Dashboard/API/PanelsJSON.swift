import NIOCore
import SignalboxMetrics
import Web

/// The dashboard's panels as JSON, a route each: the same numbers that the page shows.
enum PanelsJSON {
    /// `GET /api/metrics/state`.
    static func state(_ input: StatsInput) -> ByteBuffer {
        let findings = Findings(input, LastHour(input.recent, now: input.now))
        let state = ServerState(input, findings)
        return JSONWriter.object(capacity: 1_024) {
            $0.field("level", state.level.rawValue)
            $0.field("headline", state.headline)
            $0.field("since", findings.list.first?.since)
            $0.key("facts")
            $0.array { list in for fact in state.facts { list.string(fact) } }
            $0.key("alerts")
            $0.array { list in
                for finding in findings.list {
                    list.object {
                        $0.field("name", finding.name)
                        $0.field("level", finding.level.rawValue)
                        $0.field("text", finding.text)
                        $0.field("since", finding.since)
                        $0.field("alert", finding.alert?.text)
                        $0.field("silenced_until", finding.silencedUntil)
                    }
                }
            }
        }
    }

    /// `GET /api/metrics/cards`.
    static func cards(_ input: StatsInput) -> ByteBuffer {
        let hour = LastHour(input.recent, now: input.now)
        return JSONWriter.object(capacity: 16 * 1_024) {
            $0.key("groups")
            $0.array { list in
                for group in StatsCards(input, hour).groups {
                    list.object {
                        $0.field("name", group.kind)
                        $0.field("title", group.title)
                        $0.key("cards")
                        $0.array { list in for card in group.cards { list.object { write(card, to: &$0) } } }
                    }
                }
            }
        }
    }

    private static func write(_ card: StatsCard, to json: inout JSONWriter) {
        json.field("name", card.name)
        json.field("label", card.label)
        json.key("value")
        json.number(card.number)
        json.field("unit", card.unit.rawValue)
        json.field("text", card.value)
        json.key("details")
        json.array { list in for detail in card.details { list.string(detail) } }
        json.field("tone", card.tone)
        json.key("last_hour")
        json.array { list in
            for value in card.course { if let value { list.integer(value) } else { list.null() } }
        }
    }

    /// `GET /api/metrics/counters`.
    static func counters(_ input: StatsInput) -> ByteBuffer {
        let rows = CounterRows(input)
        return JSONWriter.object(capacity: 8 * 1_024) { json in
            for (name, list) in [
                ("counters", rows.rows), ("limited", rows.limited), ("admissions", rows.admissions),
            ] {
                json.key(named: name)
                json.array { array in
                    for row in list {
                        array.object {
                            $0.field("name", row.name)
                            $0.field("total", row.total)
                            $0.field("since_start", row.sinceStart)
                        }
                    }
                }
            }
        }
    }

    /// `GET /api/metrics/storage`.
    static func storage(_ input: StatsInput, _ store: StoreFacts) -> ByteBuffer {
        JSONWriter.object(capacity: 512) { StoragePanel(input, store).write(to: &$0) }
    }

    /// `GET /api/metrics/alerts`.
    static func alerts(_ input: StatsInput) -> ByteBuffer {
        JSONWriter.object(capacity: 8 * 1_024) { AlertPanel(input).write(to: &$0) }
    }

    /// `GET /api/metrics/build`.
    static func build(_ input: StatsInput) -> ByteBuffer {
        JSONWriter.object(capacity: 512) { BuildPanel(input).write(to: &$0) }
    }
}
