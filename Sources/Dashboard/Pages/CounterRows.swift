import SignalboxMetrics

/// The counters by the names they have in the JSON, since first boot and since this start.
struct CounterRows {
    struct Row {
        let name: String
        let total: String
        let sinceStart: String
    }

    let rows: [Row]
    /// Refusals with 429, a row for every reason.
    let limited: [Row]

    init(_ input: StatsInput) {
        let counted = OriginalTotal.allCases.map { total in
            Row(
                name: total.rawValue, total: NumberText.exact(input.total(total)),
                sinceStart: NumberText.exact(input.sinceStart[total] ?? 0))
        }
        // The highest value ever has no reading since the start.
        let peaks = [("peak_concurrent_rooms", Peak.rooms), ("peak_concurrent_subs", .subscribers)].map {
            Row(name: $0, total: NumberText.exact(input.peak($1)), sinceStart: NumberText.missing)
        }
        let starts = [
            Row(
                name: "process_starts_total", total: NumberText.exact(input.processStarts),
                sinceStart: NumberText.missing)
        ]
        rows = counted + peaks + starts
        limited = LimitReason.allCases.map { reason in
            Row(
                name: Self.words(reason), total: NumberText.exact(input.limited[reason] ?? 0),
                sinceStart: NumberText.exact(input.limitedSinceStart[reason] ?? 0))
        }
    }

    /// `streams_per_client` → `streams per client`.
    static func words(_ reason: LimitReason) -> String {
        reason.text.split(separator: "_").joined(separator: " ")
    }
}
