import SignalboxMetrics

/// The counters by the names they have in the JSON, since first boot and since this start.
struct CounterRows {
    struct Row {
        let name: String
        let total: UInt64
        /// nil for what has no such reading.
        let sinceStart: UInt64?
        var totalText: String { NumberText.exact(total) }
        var sinceStartText: String { sinceStart.map { NumberText.exact($0) } ?? NumberText.missing }
    }

    let rows: [Row]
    /// Refusals with 429, a row for every reason.
    let limited: [Row]
    /// Who came to the gate, a row for every result.
    let admissions: [Row]

    init(_ input: StatsInput) {
        let counted = OriginalTotal.allCases.map { total in
            Row(name: total.rawValue, total: input.total(total), sinceStart: input.sinceStart[total] ?? 0)
        }
        // The highest value ever has no reading since the start.
        let peaks = [("peak_concurrent_rooms", Peak.rooms), ("peak_concurrent_subs", .subscribers)].map {
            Row(name: $0, total: input.peak($1), sinceStart: nil)
        }
        let starts = [
            Row(name: "process_starts_total", total: input.processStarts, sinceStart: nil),
            Row(name: "unclean_shutdowns_total", total: input.uncleanShutdowns, sinceStart: nil),
        ]
        rows = counted + peaks + starts
        limited = LimitReason.allCases.map { reason in
            Row(
                name: reason.text, total: input.limited[reason] ?? 0,
                sinceStart: input.limitedSinceStart[reason] ?? 0)
        }
        admissions = Admission.allCases.map { result in
            Row(
                name: result.text, total: input.admissions[result] ?? 0,
                sinceStart: input.admissionsSinceStart[result] ?? 0)
        }
    }

    /// `streams_per_client` → `streams per client`.
    static func words(_ name: String) -> String { name.split(separator: "_").joined(separator: " ") }
}
