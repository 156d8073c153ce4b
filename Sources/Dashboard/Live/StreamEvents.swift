import NIOCore
import SignalboxMetrics
import Web

/// The events of `/api/metrics/stream`, laid out once for all who listen.
struct StreamEvents: Sendable {
    let chunked: ByteBuffer
    let bare: ByteBuffer

    /// An event with a name and one line of JSON.
    init(_ name: StaticString, _ json: ByteBuffer) {
        let text = "event: \(name)\ndata: \(String(buffer: json))\n\n"
        chunked = EventFraming.text(text, chunked: true)
        bare = EventFraming.text(text, chunked: false)
    }

    func bytes(chunked isChunked: Bool) -> ByteBuffer { isChunked ? chunked : bare }

    /// How things are now: `/api/metrics` without its history.
    /// - Parameter now: Unix ms.
    static func now(_ metrics: Metrics, now: Int64) -> StreamEvents {
        StreamEvents("now", MetricsJSON.metrics(metrics, recent: nil, now: now))
    }

    /// A minute's point, as it has been written: every column by its name.
    static func sample(_ point: Point, revision: String) -> StreamEvents {
        let json = JSONWriter.object(capacity: 4_096) {
            $0.field("revision", revision)
            $0.field("t", point.t)
            $0.field("samples", point.samples)
            for stat in StoredStat.allCases {
                $0.key(named: stat.rawValue)
                $0.integer(point[stat])
            }
        }
        return StreamEvents("sample", json)
    }
}
