import NIOCore
import SignalboxMetrics
import Web

/// The answers of the original's JSON routes, field by field in its order.
enum MetricsJSON {
    /// `GET /api/metrics`.
    /// - Parameters:
    ///   - recent: the newest points; nil to leave the history out.
    ///   - now: Unix ms.
    static func metrics(_ metrics: Metrics, recent: History.Recent?, now: Int64) -> ByteBuffer {
        let meter = metrics.meter
        let gauges = metrics.gauges()
        let started = timestamp(metrics.startedAt)
        return JSONWriter.object(capacity: recent == nil ? 2_048 : 48 * 1024) {
            $0.field("started_at", started)
            $0.field("started_ms", metrics.startedAt)
            $0.field("first_boot_at", metrics.store.firstBoot)
            for total in OriginalTotal.allCases {
                $0.key(named: total.rawValue)
                $0.integer(meter.total(of: total))
            }
            $0.field("peak_concurrent_rooms", meter.highest(.rooms))
            $0.field("peak_concurrent_subs", meter.highest(.subscribers))
            $0.field("process_starts_total", meter.total(.processStarts))
            $0.field("last_restart_at", started)
            $0.field("active_rooms", Int(gauges[.activeRooms]))
            $0.field("active_subs", gauges.activeSubscribers)
            $0.field("uptime_seconds", (now - metrics.startedAt) / 1_000)
            $0.field("ts", now)
            guard let recent else { return }
            $0.key("history")
            history(recent, to: &$0)
            $0.field("history_available_since", recent.availableSince)
        }
    }

    /// The minute points with running totals: what each total stood at is its newest value less what was
    /// counted since.
    private static func history(_ recent: History.Recent, to json: inout JSONWriter) {
        var later: [OriginalTotal: Int64] = recent.totals
        var standings: [[OriginalTotal: Int64]] = []
        for point in recent.points.reversed() {
            standings.append(later)
            for (total, stat, _) in columns { later[total, default: 0] &-= point[stat] }
        }
        json.array { list in
            for (point, totals) in zip(recent.points, standings.reversed()) {
                list.object {
                    $0.field("t", point.t)
                    $0.field("active_rooms", point[.activeRooms])
                    $0.field("active_subs", point[.activeSubs])
                    for (total, _, name) in columns {
                        $0.key(named: name)
                        $0.integer(max(0, totals[total] ?? 0))
                    }
                    $0.field("d_messages", point[.messages])
                    $0.field("d_rooms", point[.rooms])
                    $0.field("d_bytes", point[.bytes])
                    $0.field("d_bugs", point[.bugs])
                }
            }
        }
    }

    /// Running totals of a history point: the total, the stat it grows by, its name on the wire.
    private static let columns: [(OriginalTotal, StoredStat, String)] = [
        (.roomsCreated, .rooms, "rooms_created"), (.roomsEvicted, .roomsEvicted, "rooms_evicted"),
        (.messages, .messages, "messages"), (.bytes, .bytes, "bytes"), (.httpPosts, .httpPosts, "http_posts"),
        (.http4xx, .http4xx, "h4xx"), (.http5xx, .http5xx, "h5xx"), (.http429, .http429, "h429"),
        (.wsConnects, .wsConnects, "ws"), (.sseConnects, .sseConnects, "sse"),
        (.longpollWakes, .longpollWakes, "lp_wakes"), (.longpollTimeouts, .longpollTimeouts, "lp_timeouts"),
        (.bugReports, .bugs, "bugs"),
    ]

    /// `GET /api/metrics/hourly`.
    static func hourly(_ hours: [Point]) -> ByteBuffer {
        JSONWriter.object(capacity: 64 + hours.count * 112) {
            $0.key("hours")
            $0.array { list in
                for hour in hours {
                    list.object {
                        $0.field("t", hour.t)
                        $0.field("messages", hour[.messages])
                        $0.field("rooms", hour[.rooms])
                        $0.field("bugs", hour[.bugs])
                        $0.field("peak_rooms", hour[.peakRooms])
                        $0.field("peak_subs", hour[.peakSubs])
                        $0.field("samples", hour.samples)
                    }
                }
            }
        }
    }
}
