import NIOCore
import SignalboxMetrics
import Web

/// Points as rows of named columns, written as JSON or CSV from one description.
struct SeriesTable {
    private struct Column {
        let name: String
        let value: (Point) -> Int64?
    }
    private let columns: [Column]
    private let points: [Point]

    /// - Parameter metrics: the columns; empty for the original's.
    init(_ points: [Point], _ metrics: [SeriesMetric]) {
        self.points = points
        func stat(_ name: String, _ stat: StoredStat) -> Column { Column(name: name) { $0[stat] } }
        let samples = Column(name: "samples") { $0.samples }
        columns =
            metrics.isEmpty
            ? [
                stat("messages", .messages), stat("rooms", .rooms), stat("bugs", .bugs),
                Column(name: "messages_total") { $0.messagesTotal },
                Column(name: "rooms_total") { $0.roomsTotal },
                Column(name: "bugs_total") { $0.bugsTotal }, stat("peak_rooms", .peakRooms),
                stat("peak_subs", .peakSubs), samples,
            ]
            : metrics.map { metric in
                Column(name: metric.name) { metric.value(of: $0) }
            } + [samples]
    }

    func write(to json: inout JSONWriter) {
        json.array { list in
            for point in points {
                list.object {
                    $0.field("t", point.t)
                    for column in columns {
                        $0.key(named: column.name)
                        $0.integer(column.value(point))
                    }
                }
            }
        }
    }

    /// RFC 4180, with the time in ms and for people.
    func csv() -> ByteBuffer {
        var text = ByteBufferAllocator().buffer(capacity: 64 + points.count * 64)
        text.writeString((["t", "time"] + columns.map(\.name)).joined(separator: ",") + "\r\n")
        for point in points {
            text.writeString("\(point.t),\(timestamp(point.t))")
            for column in columns { text.writeString("," + (column.value(point).map { String($0) } ?? "")) }
            text.writeString("\r\n")
        }
        return text
    }
}
