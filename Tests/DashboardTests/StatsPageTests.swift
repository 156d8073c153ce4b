import Foundation
import Testing

@testable import Dashboard
@testable import SignalboxMetrics

@Suite struct StatsPageTests {
    private func page(
        _ change: (inout StatsInput, inout StatsHistory) -> Void = { _, _ in }
    ) throws -> String {
        var (input, history) = (quietInput(), quietHistory())
        change(&input, &history)
        return try statsPage(input, history)
    }

    @Test func itShowsEveryCounterByItsName() throws {
        let page = try page()
        for total in OriginalTotal.allCases { #expect(page.contains("<code>\(total.rawValue)</code>")) }
        for name in ["peak_concurrent_rooms", "peak_concurrent_subs", "process_starts_total"] {
            #expect(page.contains("<code>\(name)</code>"))
        }
        // Messages: since first boot, since start.
        #expect(page.contains(">10,002</td><td class=\"number\">77</td>"))
        for reason in LimitReason.allCases { #expect(page.contains(CounterRows.words(reason.text))) }
        for result in Admission.allCases { #expect(page.contains(CounterRows.words(result.text))) }
    }

    @Test func itShowsEveryCard() throws {
        let page = try page()
        let labels = [
            "Active rooms", "Active subscribers", "Memory", "Uptime", "HTTP 5xx", "Rate limit 429",
            "Bug reports",
            "Request p99", "Delivery lag p99", "Messages relayed", "Bytes relayed", "Rooms created",
            "WebSocket connects", "SSE connects", "Long-poll wakes",
            "Browser share of posts",
        ]
        for label in labels { #expect(page.contains("<h3>\(label)</h3>")) }
        #expect(page.contains("<p class=\"value\">11</p>"), "SSE and WebSocket, without parked waits")
        #expect(page.contains("last hour: +300"))
        #expect(page.contains("21\u{A0}room\u{A0}rate, 3\u{A0}client\u{A0}rate"))
    }

    @Test func everyRangeAndMetricIsALink() throws {
        let rooms = try #require(ChartMetric("rooms"))
        let page = try page { _, history in history.choice.metric = rooms }
        for range in SeriesRange.allCases {
            #expect(page.contains("href=\"/admin/stats?range=\(range.rawValue)&amp;metric=rooms#usage\""))
        }
        for metric in ChartMetric.common {
            #expect(page.contains("href=\"/admin/stats?range=1h&amp;metric=\(metric.name)#usage\""))
        }
        for metric in ChartMetric.common + ChartMetric.others {
            #expect(page.contains("<option value=\"\(metric.name)\""))
        }
        #expect(page.matches(of: /aria-current="true"/).count == 3, "range, metric, scale")
        #expect(page.contains("aria-current=\"true\">Rooms created</a>"))
        #expect(page.contains("aria-current=\"true\">1 h</a>"))
        #expect(page.contains("<option value=\"rooms\" selected>"))
    }

    @Test func itStandsOnItsOwnUnderAStrictPolicy() throws {
        let page = try page()
        for word in forbiddenInPages { #expect(!page.contains(word)) }
        #expect(!page.contains("http://") && !page.contains("https://"))
        #expect(page.matches(of: /\son[a-z]+=/).isEmpty)
        #expect(page.matches(of: /<h1/).count == 1)
        #expect(page.contains("<html lang=\"en\">"))
        #expect(page.contains("<noscript><meta http-equiv=\"refresh\" content=\"60\"></noscript>"))
        #expect(
            page.contains(
                "<a href=\"/admin/stats?range=1h&amp;metric=messages&amp;refresh=0\">Stop reloading</a>"))
        #expect(page.matches(of: /<script/).count == 1)
        #expect(page.contains("<script src=\"/assets/dashboard.js\" defer></script>"))
        #expect(page.contains("<form method=\"post\" action=\"/admin/logout\">"))
        let ids = page.matches(of: /\sid="([^"]+)"/).map { String($0.output.1) }
        #expect(Set(ids).count == ids.count)
    }

    @Test func everyClassOnThePagesHasItsRule() throws {
        let css = try String(
            contentsOf: publicDirectory.appending(path: "assets/signalbox.css"), encoding: .utf8)
        var (calm, history) = (quietInput(), quietHistory())
        history.series = series(.day, [minutePoint(age: 20), minutePoint(age: 5)], bucket: 15 * minute)
        calm.recent.remove(at: 40)
        var wrong = calm
        wrong.lastFlushAt = 0
        let pages = try [
            statsPage(calm, history), statsPage(wrong, history),
            page { _, history in history.series = series(.all, []) },
            LoginPage(templates: loadTemplates()).render(error: "no", hint: "there"),
        ]
        // States, groups and tones whose looks are the default ones.
        let plain: Set = ["plot", "card-calm", "counter", "grid-time", "line", "group", "course", "key-map"]
        for match in pages.joined().matches(of: /class="([^"]*)"/) {
            for name in match.output.1.split(separator: " ") where !plain.contains(String(name)) {
                #expect(css.contains(".\(name)"), "\(name)")
            }
        }
    }

    @Test func hostileValuesAreText() throws {
        let page = try page { input, _ in
            input.build.version = hostile
            input.build.commit = hostile
            input.firstBoot = hostile
        }
        for word in forbiddenInPages { #expect(!page.contains(word)) }
        #expect(page.contains("&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"))
    }

    @Test func absurdNumbersDontStopIt() throws {
        var absurd = Point(t: noon - minute, lastT: .max, samples: .max)
        for stat in StoredStat.allCases { absurd[stat] = stat.index.isMultiple(of: 2) ? .max : .min }
        for t in [noon - minute, Int64.max, .min] {
            absurd.t = t
            for metric in ChartMetric.common {
                let page = try page { input, history in
                    history.choice.metric = metric
                    input.recent = [absurd, absurd]
                    history.series = series(
                        .all, [absurd, absurd], baseline: .init(messages: .max, rooms: 1, bugs: 0))
                    history.previous = [absurd]
                    input.totals = [.messages: .max, .transportAgent: .max]
                    input.gauges[.activeRooms] = .nan
                }
                #expect(!page.contains("nan\"") && !page.contains("inf\""))
            }
        }
    }

    @Test func theBaselineIsSaidAndNotDrawn() throws {
        let points = [
            minutePoint(age: 2) { $0[.messages] = 1_000_004 }, minutePoint(age: 1) { $0[.messages] = 6 },
        ]
        let page = try page { _, history in
            history.series = series(
                .all, points, baseline: .init(messages: 1_000_000, rooms: 0, bugs: 0))
        }
        #expect(page.contains("10 in all, at most 6 in 1 min (2026-06-15 12:33)."))
        #expect(page.contains("1M more from before that, not drawn"))
    }

    @Test func whereHistoryIsMissingItSaysSo() throws {
        let partial = try page { input, history in
            history.series = series(.month, input.recent, partial: true)
        }
        #expect(partial.contains("nothing older is kept for this range"))
        #expect(partial.contains("kept since 2026-06-15 11:35 UTC"))
        let empty = try page { input, history in
            history.series = series(.day, [])
            input.recent = []
        }
        #expect(empty.contains("Nothing recorded in this range yet"))
        #expect(empty.contains("The first sample is taken on the next full minute."))
    }

    @Test func theLastThirtyMinutesAreNewestFirstWithGaps() throws {
        let input = quietInput()
        var recent = input.recent
        recent.remove(at: 50)
        let rows = MinuteRows(input, LastHour(recent, now: noon)).rows
        #expect(rows.count == 30)
        #expect(rows.first?.time == "12:34")
        #expect(rows.last?.time == "12:05")
        #expect(rows.filter(\.isMissing).map(\.time) == ["12:25"])
    }

    @Test func timesAreInTheZoneAskedFor() throws {
        let zone = try #require(TimeZone(identifier: "Asia/Kolkata"))
        let page = try page { input, _ in input.timeZone = zone }
        #expect(page.contains("Updated 18:04:30 Asia/Kolkata"))
        #expect(page.contains("<th scope=\"row\">18:04</th>"))
    }

    @Test func theTabSaysTheState() throws {
        #expect(try page().contains("<title>All clear · Signalbox</title>"))
        let late = try page { input, _ in input.lastFlushAt = noon - 430_000 }
        #expect(late.contains("<title>Store flush overdue: last one 7 min ago · Signalbox</title>"))
        #expect(late.contains("class=\"state state-danger\""))
    }

    @Test func thePartsAloneAreThoseOfThePage() throws {
        let (input, history) = (quietInput(), quietHistory())
        let whole = try statsPage(input, history)
        let parts = try statsPage(input, history, part: .all)
        let now = try StatsPage(templates: loadTemplates(), map: loadMap()).renderNow(input, history.choice)
        #expect(parts.hasPrefix("<title>All clear · Signalbox</title>"))
        #expect(now.hasPrefix("<title>All clear · Signalbox</title>"))
        func live(_ html: String, _ kind: String) -> Set<String> {
            Set(
                html.matches(of: /id="([a-z]+)" data-live="([a-z]+)"/).filter { $0.output.2 == kind }
                    .map { String($0.output.1) })
        }
        #expect(live(whole, "now") == ["updated", "state", "alerts", "cards", "counters", "gate"])
        #expect(live(whole, "sample") == ["usage", "classes", "countries", "minutes", "storage", "build"])
        for kind in ["now", "sample"] { #expect(live(parts, kind) == live(whole, kind)) }
        #expect(live(now, "now") == live(whole, "now"))
        #expect(live(now, "sample").isEmpty && !now.contains("<html"))
    }
}
