import SignalboxMetrics
import Testing
import Web

@testable import Dashboard

@Suite("What the dashboard's address says")
struct StatsChoiceTests {
    private func choice(_ query: String) -> StatsChoice { StatsChoice(Query(form: query)) }

    @Test("nothing, or nonsense, is the last day of messages")
    func defaults() {
        for query in ["", "range=2h&metric=%3Cscript%3E", "scale=round", "from=a&to=b", "from=5", "metric="] {
            #expect(choice(query) == StatsChoice(), "\(query)")
        }
        #expect(StatsChoice().span == .range(.day))
        #expect(StatsChoice().address == "/admin/stats")
        #expect(StatsChoice().link == "/admin/stats?range=1day&metric=messages")
    }

    @Test(
        "what an address says comes back from it",
        arguments: [
            "range=1h", "metric=http_5xx", "range=all&metric=limited_room_rate&scale=log&refresh=0",
            "from=1781526000000&to=1781529600000&metric=bytes",
        ])
    func roundTrip(query: String) {
        let first = choice(query)
        #expect(first.address == "/admin/stats?" + query)
        for address in [first.address, first.link] {
            #expect(choice(String(address.drop { $0 != "?" }.dropFirst())) == first)
        }
    }

    @Test("a window is whole minutes, and five of them at least")
    func windows() {
        #expect(
            choice("from=1781526000001&to=1781526000002").span
                == .window(from: 1_781_526_000_000, until: 1_781_526_300_000))
        #expect(
            choice("from=1781526000001&to=1781529600001").span
                == .window(from: 1_781_526_000_000, until: 1_781_529_660_000))
    }

    @Test(
        "a window that can't be looked at is the last day",
        arguments: [
            "from=2&to=1", "from=-5&to=5", "from=0&to=9000000000000000", "from=9223372036854775807&to=1",
            "from=0&to=4000000000000", "from=-9223372036854775808&to=9223372036854775807",
        ])
    func impossible(query: String) {
        #expect(choice(query).span == .range(.day))
    }

    @Test("every column but times and limits can be charted, and is named once")
    func metrics() {
        let names = (ChartMetric.common + ChartMetric.others).map(\.name)
        #expect(Set(names).count == names.count)
        for stat in StoredStat.allCases {
            let isLeftOut = stat.rawValue.hasSuffix("_timestamp_seconds") || stat.rawValue.contains("limit")
            #expect(names.contains(stat.rawValue) || isLeftOut, "\(stat.rawValue)")
        }
        #expect(ChartMetric("deliveries")?.series.stats.count == 3)
    }

    @Test("units follow from names, and only counts add up")
    func units() throws {
        #expect(try #require(ChartMetric("request_p99_us")).unit == .microseconds)
        #expect(try #require(ChartMetric("resident_bytes")).unit == .bytes)
        #expect(try #require(ChartMetric("messages")).unit == .count)
        for name in ["messages", "deliveries", "http_5xx"] {
            #expect(try #require(ChartMetric(name)).addsUp, "\(name)")
        }
        for name in ["peak_rooms", "active_rooms", "request_p99_us", "resident_bytes"] {
            #expect(try !#require(ChartMetric(name)).addsUp, "\(name)")
        }
    }
}
