import NIOCore
import Testing

@testable import Dashboard
@testable import SignalboxMetrics

@Suite("The public status")
struct PublicStatusTests {
    @Test(
        "counts are two digits, cut, and small ones aren't told apart",
        arguments: [
            (-5, "fewer than 100"), (0, "fewer than 100"), (1, "fewer than 100"), (99, "fewer than 100"),
            (100, "about 100"),
            (109, "about 100"), (110, "about 110"), (1_999, "about 1,900"), (12_345, "about 12,000"),
            (Int64.max, "about 9,200,000,000,000,000,000"),
        ])
    func rounded(count: Int64, text: String) {
        #expect(RoundedCount(count).text == text)
    }

    private func status(_ days: [ClosedDays.Day], messages: Int64 = 0) throws -> PublicStatus {
        let geo = GeoAnswer(
            range: nil, source: .hourly, requestedSince: nil, requestedUntil: noon, availableSince: nil,
            partial: false, approximate: false, countries: [.init(code: "DE", count: 1_234)],
            extras: [
                .init(code: "LOCAL", count: 5_000), .init(code: "XX", count: 7),
                .init(code: GeoAnswer.otherCode, count: 300),
            ])
        let closed = ClosedDays(until: noon, days: days, messages: messages, geo: geo)
        return PublicStatus(closed, updated: "2026-06-15", map: try loadMap())
    }

    private func day(_ name: String, _ sampled: Int64, of minutes: Int64 = 1_440) -> ClosedDays.Day {
        ClosedDays.Day(t: 0, name: name, sampled: sampled, minutes: minutes)
    }

    @Test("uptime is cut, never rounded up, and never above one")
    func uptime() throws {
        let status = try status([day("a", 1_439), day("b", 1_442), day("c", 0), day("d", 5, of: 0)])
        #expect(status.days.map(\.uptime) == [0.999, 1, 0, 1])
        #expect(status.uptime == 0.749)
        #expect(try self.status([]).uptime == nil)
    }

    @Test("countries are rounded, and the operator's own visits left out")
    func countries() throws {
        let countries = try status([]).countries
        #expect(countries.map(\.name) == ["Germany", "Other countries", "Unknown"])
        #expect(countries.map(\.visits.text) == ["about 1,200", "about 300", "fewer than 100"])
    }

    @Test("the page says what the JSON says, and works without a day that is over")
    func page() throws {
        let page = StatusPage(templates: try loadTemplates())
        let html = try page.render(status([day("2026-06-14", 1_300)], messages: 76_543))
        for words in [
            "Uptime: 90%", "about 76,000", "2026-06-14", "about 1,200", "<title>Status · Signalbox</title>",
        ] {
            #expect(html.contains(words), "\(words)")
        }
        for word in forbiddenInPages { #expect(!html.contains(word)) }
        #expect(try page.render(status([])).contains("No day is over yet."))
    }

    @Test("who is rounded alike stands by name, and few whom nobody knows aren't told")
    func order() throws {
        func status(_ germany: Int64, _ france: Int64, unknown: Int64) throws -> String {
            let geo = GeoAnswer(
                range: nil, source: .hourly, requestedSince: nil, requestedUntil: noon, availableSince: nil,
                partial: false, approximate: false,
                countries: [.init(code: "DE", count: germany), .init(code: "FR", count: france)].sorted {
                    $0.count > $1.count
                }, extras: [.init(code: "XX", count: unknown), .init(code: "T1", count: 1)])
            let closed = ClosedDays(until: noon, days: [], messages: 3, geo: geo)
            return String(buffer: PublicStatus(closed, updated: "2026-06-15", map: try loadMap()).json)
        }
        #expect(try status(7, 8, unknown: 0) == status(9, 8, unknown: 4))
        #expect(try status(7, 8, unknown: 0).contains("\"messages\":\"fewer than 100\""))
    }
}
