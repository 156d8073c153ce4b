import NIOCore
import SignalboxMetrics
import Web

/// The answers of `/api/metrics/series` and `/api/metrics/geo`, field by field in the original's order.
enum SeriesJSON {
    static func range(_ answer: SeriesAnswer, _ metrics: [SeriesMetric]) -> ByteBuffer {
        JSONWriter.object(capacity: 512 + answer.points.count * 176) {
            $0.field("range", answer.range.rawValue)
            $0.field("label", answer.range.label)
            $0.field("source", answer.source.rawValue)
            $0.field("bucket_ms", answer.bucket)
            if let baseline = answer.baseline {
                $0.key("baseline_deltas")
                $0.object {
                    $0.field("messages", baseline.messages)
                    $0.field("rooms", baseline.rooms)
                    $0.field("bugs", baseline.bugs)
                }
            }
            $0.field("requested_since", answer.requestedSince)
            $0.field("available_since", answer.availableSince)
            $0.field("partial", answer.partial)
            $0.key("points")
            SeriesTable(answer.points, metrics).write(to: &$0)
        }
    }

    static func window(_ answer: WindowAnswer, _ metrics: [SeriesMetric]) -> ByteBuffer {
        JSONWriter.object(capacity: 512 + answer.points.count * 176) {
            $0.field("range", "custom")
            $0.field("label", "custom")
            $0.field("source", answer.source.rawValue)
            $0.field("bucket_ms", answer.bucket)
            $0.field("requested_since", answer.from)
            $0.field("requested_until", answer.until)
            $0.field("available_since", answer.availableSince)
            $0.field("partial", answer.partial)
            $0.key("points")
            SeriesTable(answer.points, metrics).write(to: &$0)
        }
    }

    static func geo(_ answer: GeoAnswer) -> ByteBuffer {
        JSONWriter.object(capacity: 4_096) {
            $0.field("range", answer.range?.rawValue ?? "custom")
            $0.field("label", answer.range?.label ?? "custom")
            $0.field("source", answer.source.rawValue)
            $0.field("bucket_ms", answer.bucket)
            $0.field("requested_since", answer.requestedSince)
            if let until = answer.requestedUntil { $0.field("requested_until", until) }
            $0.field("available_since", answer.availableSince)
            $0.field("partial", answer.partial)
            $0.field("approximate", answer.approximate)
            $0.field("total_visits", answer.totalVisits)
            $0.field("country_count", answer.countries.count)
            $0.key("countries")
            counts(answer.countries, to: &$0)
            $0.key("extras")
            counts(answer.extras, to: &$0)
            $0.key("top")
            list(answer.top, to: &$0)
            $0.key("extra_top")
            list(answer.extraTop, to: &$0)
            $0.field("scope", GeoAnswer.scope)
        }
    }

    private static func counts(_ entries: [GeoAnswer.Entry], to json: inout JSONWriter) {
        json.object {
            for entry in entries {
                $0.key(named: entry.code)
                $0.integer(entry.count)
            }
        }
    }

    private static func list(_ entries: ArraySlice<GeoAnswer.Entry>, to json: inout JSONWriter) {
        json.array { list in
            for entry in entries {
                list.object {
                    $0.field("code", entry.code)
                    $0.field("count", entry.count)
                }
            }
        }
    }

    /// Countries and extras as `code,visits`.
    static func csv(_ answer: GeoAnswer) -> ByteBuffer {
        var text = ByteBufferAllocator().buffer(capacity: 2_048)
        text.writeString("code,visits\r\n")
        for entry in answer.countries + answer.extras { text.writeString("\(entry.code),\(entry.count)\r\n") }
        return text
    }
}
