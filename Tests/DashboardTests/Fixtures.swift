import Foundation
import Web
@testable import SignalboxMetrics

@testable import Dashboard

/// 2026-06-15 12:34:30 UTC.
let noon: Int64 = 1_781_526_870_000
let minute: Int64 = 60_000

/// `Public/` beside the sources.
let publicDirectory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Public")

func loadTemplates() throws -> Templates {
    try Templates(
        directory: publicDirectory.appending(path: "templates").path(percentEncoded: false),
        requiring: DashboardTemplates.names)
}

/// A minute point, `age` minutes old.
func minutePoint(age: Int64, _ fill: (inout Point) -> Void = { _ in }) -> Point {
    let t = CivilTime.floor(noon, minute) * minute - age * minute
    var point = Point(t: t, lastT: t, samples: 1)
    fill(&point)
    return point
}

/// A quiet server in its fourth day, with an hour of samples.
func quietInput() -> StatsInput {
    var gauges = GaugeReadings()
    gauges[.activeRooms] = 12
    gauges[.subscribers(.sse)] = 7
    gauges[.subscribers(.ws)] = 4
    gauges[.subscribers(.poll)] = 3
    gauges[.roomsLimit] = 5_000
    gauges[.roomBufferBytes] = 1_048_576
    gauges[.roomBufferLimitBytes] = 536_870_912
    gauges[.storeBytes] = 4_194_304
    gauges[.storeWritable] = 1
    let recent = (0..<60).reversed().map { age in
        minutePoint(age: age) {
            $0[.messages] = 5
            $0[.peakRooms] = 14
        }
    }
    let geo = visits([("DE", 30), ("FR", 12)], extras: [("LOCAL", 5)])
    return StatsInput(
        now: noon, build: BuildFacts(version: BuildVersion("1.2.3"), commit: "0123456789ab"), timeZone: .gmt,
        startedAt: noon - 273_900_000, firstBoot: "2026-01-02T03:04:05.678Z",
        totals: Dictionary(
            uniqueKeysWithValues: OriginalTotal.allCases.enumerated().map { ($1, UInt64($0) + 10_000) }),
        sinceStart: [.messages: 77], limited: [.roomRate: 21, .clientRate: 3],
        limitedSinceStart: [.roomRate: 2], admissions: [.session: 40, .refused: 2],
        admissionsSinceStart: [.session: 7],
        gauges: gauges, peaks: [.rooms: 40, .subscribers: 90], processStarts: 3, uncleanShutdowns: 1,
        lastRunEndedCleanly: true, storesSetAside: 0, residentBytes: 33_554_432, lastFlushAt: noon - 30_000,
        geoSelfTest: selfTest(week: geo), recent: recent)
}

/// The quiet server's last hour of messages.
func quietHistory() -> StatsHistory {
    var choice = StatsChoice()
    choice.span = .range(.hour)
    return StatsHistory(
        choice: choice, series: series(.hour, quietInput().recent), previous: [],
        geo: visits([("DE", 30), ("FR", 12)], extras: [("LOCAL", 5)]),
        store: StoreFacts(retention: .init(), growth: 4_096, oldestAt: noon - 60 * minute))
}

func loadMap() throws -> WorldMap {
    try WorldMap(directory: publicDirectory.appending(path: "map").path(percentEncoded: false))
}

/// The dashboard as HTML.
func statsPage(_ input: StatsInput, _ history: StatsHistory, part: StatsChoice.Part = .page) throws -> String
{
    let page = try StatsPage(templates: loadTemplates(), map: loadMap())
    return try page.render(input, history.choice, page.past(input, history), part: part)
}

/// Visits by country of the last hour.
func visits(_ countries: [(String, Int64)], extras: [(String, Int64)] = []) -> GeoAnswer {
    GeoAnswer(
        range: .hour, source: .minute, requestedSince: noon - 60 * minute, requestedUntil: nil,
        availableSince: noon - 60 * minute, partial: false, approximate: false,
        countries: countries.map { .init(code: $0.0, count: $0.1) },
        extras: extras.map { .init(code: $0.0, count: $0.1) })
}

/// A geo self-test of a server without a database, unless told otherwise.
func selfTest(
    source: CountryResolver.Source = .auto, database: GeoFacts.Database? = nil,
    trustsCloudflare: Bool = false,
    week: GeoAnswer, headersIgnored: UInt64 = 0
) -> GeoSelfTest {
    GeoSelfTest(
        GeoFacts(source: source, database: database, trustsCloudflare: trustsCloudflare), week: week,
        headersIgnored: headersIgnored, now: noon)
}

func series(
    _ range: SeriesRange, _ points: [Point], bucket: Int64 = minute, baseline: SeriesAnswer.Baseline? = nil,
    partial: Bool = false
) -> StatsHistory.Series {
    StatsHistory.Series(
        SeriesAnswer(
            range: range, source: .minute, bucket: bucket, baseline: baseline,
            requestedSince: range.span.map { noon - $0 }, availableSince: points.first?.t, partial: partial,
            points: points), now: noon)
}

/// Words that would do something if they were taken for markup.
let hostile = #"</title><script>alert(1)</script>"'><img src=x onerror=alert(1)>&"#

/// What a page must not contain: the policy would block it, or a stranger could act on it.
let forbiddenInPages = [
    "<script>", "<style", " style=", "javascript:", " onerror=alert(1)>", "http://fonts", "https://fonts",
    "//cdn",
    "<img src=x",
]
