import Foundation
import SignalboxMetrics
import Web

/// What a request for a series asks: a range or a window, which metrics, and in which format.
struct SeriesQuery {
    enum Span: Equatable {
        case range(SeriesRange)
        case window(SeriesWindow)
    }
    enum Format: Equatable { case json, csv }

    /// A parameter that can't be used; the sentence goes to the client.
    struct Fault: Error, Equatable {
        let message: String
        let parameter: String
        /// The part of the value that is wrong, where there are several.
        var value: String?
    }

    let span: Span
    /// Empty for the original's columns.
    let metrics: [SeriesMetric]
    let format: Format

    static let metricsMax = 64

    /// - Parameter now: Unix ms.
    init(_ query: Query, accept: String?, now: Int64) throws {
        span = try Self.span(query, now: now)
        metrics = try Self.metrics(query)
        format = try Self.format(query, accept: accept)
    }

    private static func span(_ query: Query, now: Int64) throws -> Span {
        let (from, to, step) = (query["from"], query["to"], query["step"])
        guard from != nil || to != nil || step != nil else {
            return .range(SeriesRange(query: query["range"]))
        }
        guard query["range"] == nil else {
            throw Fault(message: "give either range or from, to and step", parameter: "range")
        }
        let start = try from.map { try time($0, now: now, "from") }
        let end = try to.map { try time($0, now: now, "to") } ?? now
        if let start, start >= end {
            throw Fault(message: "from must be before to", parameter: "from")
        }
        let width = try step.map(Self.step)
        let wanted = try metrics(query).count
        if let start {
            try refuseTooFine(width, from: start, until: end, metrics: wanted)
        }
        return .window(SeriesWindow(from: start, until: end, step: width))
    }

    /// Refuses more buckets than anybody should be sent, and more numbers in all.
    static func refuseTooFine(_ step: SeriesWindow.Step?, from: Int64, until: Int64, metrics: Int) throws {
        guard case .width(let width) = step else { return }
        let points = (until - from) / width
        if points > SeriesWindow.pointsMax {
            throw Fault(
                message:
                    "that would be more than \(SeriesWindow.pointsMax) points; take a larger step or a shorter window",
                parameter: "step")
        }
        if points * Int64(metrics) > numbersMax {
            throw Fault(
                message: "that would be more than \(numbersMax) numbers; ask for fewer metrics or points",
                parameter: "metric")
        }
    }

    /// Numbers in one answer: some megabytes.
    private static let numbersMax: Int64 = 500_000

    private static func metrics(_ query: Query) throws -> [SeriesMetric] {
        let names = query.values("metric").flatMap { $0.split(separator: ",").map(String.init) }
        guard names.count <= metricsMax else {
            throw Fault(message: "at most \(metricsMax) metrics at once", parameter: "metric")
        }
        var seen = Set<String>()
        return try names.filter { seen.insert($0).inserted }.map { name in
            guard let metric = SeriesMetric(name) else {
                throw Fault(
                    message:
                        "no metric has this name; docs/metrics.md and `signalbox metrics` list all of them",
                    parameter: "metric", value: String(name.prefix(100)))
            }
            return metric
        }
    }

    private static func format(_ query: Query, accept: String?) throws -> Format {
        switch query["format"] {
        case nil: return Negotiation.prefersCSV(accept: accept) ? .csv : .json
        case "json": return .json
        case "csv": return .csv
        default: throw Fault(message: "format is json or csv", parameter: "format")
        }
    }

    // MARK: Times and widths

    /// What JavaScript's dates end at.
    private static let timeMax = 8_640_000_000_000_000.0
    /// Smaller numbers are seconds: as ms they would be times before 1973.
    private static let secondsBelow = 100_000_000_000.0

    /// A time in Unix ms, Unix s, ISO 8601, or `now`, `now-8h`.
    private static func time(_ text: String, now: Int64, _ parameter: String) throws -> Int64 {
        if text.allSatisfy({ "0123456789.eE+".contains($0) }), let number = Double(text), number.isFinite {
            let milliseconds = number < secondsBelow ? number * 1_000 : number
            if milliseconds <= timeMax { return Int64(milliseconds) }
        } else if let match = text.wholeMatch(of: /now(?:-(\d{1,9})([smhdw]))?/.asciiOnlyDigits()) {
            let amount = match.1.flatMap { Int64($0) } ?? 0
            return max(0, now - amount * (match.2.flatMap { units[String($0)] } ?? 0))
        } else if let instant = instant(text), instant >= 0 {
            return instant
        }
        throw Fault(
            message:
                "\(parameter) is a time: Unix ms or s, ISO 8601 such as 2026-06-15T12:00:00Z, now or now-8h",
            parameter: parameter)
    }

    private static let units: [String: Int64] = [
        "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000,
    ]

    /// ISO 8601 in Unix ms; without an offset it is UTC. A plus that came as a space is one.
    private static func instant(_ text: String) -> Int64? {
        let pattern =
            /(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:(Z)|([+\- ])(\d\d):?(\d\d))?)?/
            .asciiOnlyDigits()
        guard let match = text.wholeMatch(of: pattern) else { return nil }
        func number(_ part: Substring?) -> Int { part.flatMap { Int($0) } ?? 0 }
        var parts = DateComponents()
        (parts.year, parts.month, parts.day) = (number(match.1), number(match.2), number(match.3))
        (parts.hour, parts.minute, parts.second) = (number(match.4), number(match.5), number(match.6))
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        guard parts.isValidDate(in: calendar), let date = calendar.date(from: parts),
            number(match.10) < 24, number(match.11) < 60
        else { return nil }
        let fraction = match.7.flatMap { Double("0." + $0) } ?? 0
        let offset = Int64(number(match.10) * 60 + number(match.11)) * 60_000 * (match.9 == "-" ? -1 : 1)
        return Int64(date.timeIntervalSince1970) * 1_000 + Int64(fraction * 1_000) - offset
    }

    /// A hundred years.
    private static let stepMax: Int64 = 36_525 * 86_400_000

    private static func step(_ text: String) throws -> SeriesWindow.Step {
        if text == "day" { return .calendarDay }
        if let match = text.wholeMatch(of: /(\d{1,13})([mhdw]?)/.asciiOnlyDigits()),
            let amount = Int64(match.1)
        {
            let (width, overflow) = amount.multipliedReportingOverflow(by: units[String(match.2)] ?? 1)
            if !overflow, (60_000...stepMax).contains(width), width % 60_000 == 0 { return .width(width) }
        }
        throw Fault(
            message: "step is a multiple of a minute such as 5m, 6h, 1d or ms, or day for calendar days",
            parameter: "step")
    }
}
