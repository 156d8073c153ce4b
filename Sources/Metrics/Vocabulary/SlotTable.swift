public import GeoIP

/// The layout of all slots: counters first, then histograms, peaks, the sequence mark, visits by country, and
/// what another server had counted before this one took over.
///
/// Each slot has a name that people can read; the names are written beside the values on disk, so that a
/// newer version finds the values of an older one by name, not by position.
public enum SlotTable {
    static let histograms = Counter.slotCount
    static let peaks = histograms + Histogram.slotCount
    /// The highest message sequence number ever issued.
    @usableFromInline static let sequenceMark = peaks + Peak.slotCount
    @usableFromInline static let countries = sequenceMark + 1
    static let imported = countries + CountryCode.count
    /// How many slots there are.
    public static let count = imported + OriginalTotal.allCases.count

    static func slot(_ histogram: Histogram) -> Int { histograms + histogram.index * Histogram.slotsEach }
    static func highest(_ peak: Peak) -> Int { peaks + peak.rawValue * 2 }
    static func thisMinute(_ peak: Peak) -> Int { peaks + peak.rawValue * 2 + 1 }

    /// Visits from a country.
    @inlinable static func slot(_ country: CountryCode) -> Int { countries + country.index }
    /// What an imported server had counted; part of the total for people, never of a series.
    static func slot(imported total: OriginalTotal) -> Int { imported + total.index }

    /// No counting reaches this; a higher value is damage.
    static let valueMax: UInt64 = 1 << 62

    /// The name of every slot, in order.
    public static let names: [String] = {
        var names = Counter.all.map { series("\($0.family.name)_total", $0.labels) }
        for histogram in Histogram.all {
            for bound in bucketBounds {
                names.append(series("\(histogram.family.name)_bucket", histogram.labels + [("le", bound)]))
            }
            names.append(series("\(histogram.family.name)_sum_nanoseconds", histogram.labels))
        }
        for peak in Peak.allCases { names += ["peak_concurrent_\(peak)", "peak_this_minute_\(peak)"] }
        names.append("highest_sequence_number")
        names += CountryCode.all.map { series("signalbox_page_visits_total", [("country", $0.text)]) }
        names += OriginalTotal.allCases.map { "imported_\($0.rawValue)" }
        return names
    }()

    /// The `le` values, floats written as floats.
    static let bucketBounds: [String] =
        Histogram.boundsNanoseconds.map { "\(Double($0) / 1_000_000_000)" } + ["+Inf"]

    /// Whether the store keeps the slot. The minute's peaks start over each minute; what outlives a run is
    /// the highest ever.
    static func isLifetime(_ slot: Int) -> Bool { !minutePeaks.contains(slot) }
    private static let minutePeaks = Set(Peak.allCases.map(thisMinute))

    /// `name{key="value",…}` as the exposition writes it.
    static func series(_ name: String, _ labels: [(key: String, value: String)]) -> String {
        guard !labels.isEmpty else { return name }
        return name + "{" + labels.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",") + "}"
    }
}
