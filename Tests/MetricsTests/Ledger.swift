import Foundation
import GeoIP
@testable import SignalboxMetrics

/// What a test counted, sample by sample, and the points that must follow from it: worked out by sorting
/// and adding up, without any of the store's own folding.
struct Ledger {
    struct Sample {
        let t: Int64
        var messages: Int64 = 0
        var bytes: Int64 = 0
        var bugs: Int64 = 0
        var rooms: Int64 = 0
        var peak: Int64 = 0
        var messagesTotal: Int64 = 0
        var visits: [CountryCode: Int64] = [:]
    }

    /// What is compared of a point.
    struct Row: Equatable {
        var t: Int64
        var lastT: Int64
        var samples: Int64
        var counts: [Int64]
        var rooms: Int64
        var peak: Int64
        var messagesTotal: Int64?

        init(_ point: Point) {
            (t, lastT, samples) = (point.t, point.lastT, point.samples)
            counts = [point[.messages], point[.bytes], point[.bugs]]
            (rooms, peak) = (point[.activeRooms], point[.peakRooms])
            messagesTotal = point.messagesTotal
        }

        /// Samples in the order they were taken, folded by the rules: counts add up, the gauge is that of
        /// the latest time, the peak the highest, the total the newest reading.
        init(_ samples: [Sample], t: Int64) {
            self.t = t
            lastT = samples.map(\.t).max() ?? 0
            self.samples = Int64(samples.count)
            counts = [\Sample.messages, \.bytes, \.bugs].map { path in
                samples.reduce(0) { $0 + $1[keyPath: path] }
            }
            rooms = samples.last { [lastT] in $0.t == lastT }?.rooms ?? 0
            peak = samples.map(\.peak).max() ?? 0
            messagesTotal = samples.last?.messagesTotal
        }
    }

    private(set) var samples: [Sample] = []
    private(set) var open = Sample(t: 0)
    private(set) var total: Int64 = 0

    mutating func count(messages: Int64, bytes: Int64, bugs: Int64) {
        open.messages += messages
        open.bytes += bytes
        open.bugs += bugs
        total += messages
    }

    mutating func visit(_ country: CountryCode) { open.visits[country, default: 0] += 1 }

    mutating func sample(t: Int64, rooms: Int64, peak: Int64) {
        var sample = Sample(t: t, messages: open.messages, bytes: open.bytes, bugs: open.bugs)
        (sample.rooms, sample.peak, sample.messagesTotal) = (rooms, peak, total)
        sample.visits = open.visits
        samples.append(sample)
        open = Sample(t: 0)
    }

    // MARK: What must follow

    /// A minute's point bears the time of its last sample.
    var minutes: [Row] {
        rows {
            CivilDay.floor($0, 60_000)
        } label: { bucket in
            bucket.map(\.t).max() ?? 0
        }
    }

    var hours: [Row] {
        rows {
            CivilDay.floor($0, 3_600_000)
        } label: {
            CivilDay.floor($0[0].t, 3_600_000)
        }
    }

    func days(_ zone: TimeZone) -> [Row] {
        rows {
            CivilDay.number($0, zone)
        } label: {
            CivilDay.start($0[0].t, zone)
        }
    }

    private func rows(by key: (Int64) -> Int64, label: ([Sample]) -> Int64) -> [Row] {
        Dictionary(grouping: samples) { key($0.t) }.values
            .map { Row($0, t: label($0)) }.sorted { $0.t < $1.t }
    }

    /// Visits by the start of their minute or hour, then by country.
    func visits(width: Int64) -> [Int64: [String: Int64]] {
        var all: [Int64: [String: Int64]] = [:]
        for sample in samples {
            for (country, count) in sample.visits {
                all[CivilDay.floor(sample.t, width), default: [:]][country.text, default: 0] += count
            }
        }
        return all
    }
}

/// Days of a zone from its offset alone: no calendar is asked.
enum CivilDay {
    static func floor(_ t: Int64, _ width: Int64) -> Int64 { t - ((t % width) + width) % width }

    /// Days since 1970-01-01 on the wall.
    static func number(_ t: Int64, _ zone: TimeZone) -> Int64 {
        let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(t / 1_000)))
        return floor(t + Int64(offset) * 1_000, 86_400_000) / 86_400_000
    }

    /// The first moment of the day. Zones change on the quarter of an hour, so no more is looked at.
    static func start(_ t: Int64, _ zone: TimeZone) -> Int64 {
        let (quarter, day) = (Int64(900_000), number(t, zone))
        var start = floor(t, quarter)
        while number(start - quarter, zone) == day { start -= quarter }
        return start
    }

    /// `2026-06-15`.
    static func name(_ t: Int64, _ zone: TimeZone) -> String {
        String(timestamp(number(t, zone) * 86_400_000).prefix(10))
    }
}
