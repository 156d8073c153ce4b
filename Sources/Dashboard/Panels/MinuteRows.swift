import SignalboxMetrics

/// The last 30 minutes, a row each, newest first.
struct MinuteRows {
    struct Row {
        let time: String
        /// In the order of the table's headings; empty where no sample was taken.
        let cells: [String]
        let isMissing: Bool
    }

    static let minutes = 30
    let rows: [Row]

    init(_ input: StatsInput, _ hour: LastHour) {
        let newest = hour.points.lastIndex { $0 != nil } ?? -1
        let oldest = hour.points.firstIndex { $0 != nil } ?? 0
        let current = CivilTime.floor(input.now, 60_000)
        var rows: [Row] = []
        // From the first sample to the last one; a minute without one in between is worth seeing.
        for index in max(
            oldest, LastHour.minutes - Self.minutes)..<max(
                newest + 1, oldest, LastHour.minutes - Self.minutes)
        {
            let start = (current - Int64(LastHour.minutes - 1 - index)) * 60_000
            let time = CivilTime(start, in: input.timeZone).time
            guard let point = hour.points[index] else {
                rows.append(Row(time: time, cells: [], isMissing: true))
                continue
            }
            let stats: [StoredStat] = [
                .messages, .rooms, .activeRooms, .activeSubs, .http4xx, .http5xx, .http429,
            ]
            let slowest = point[.requestP99]
            let cells =
                stats.map { NumberText.exact(point[$0]) }
                + [slowest > 0 ? ValueUnit.microseconds.text(Double(slowest)) : NumberText.missing]
            rows.append(Row(time: time, cells: cells, isMissing: false))
        }
        self.rows = rows.reversed()
    }
}
