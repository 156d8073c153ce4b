import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("The exposition's form")
struct ExpositionFormatTests {
    private func scrape(_ format: Exposition.Format) async throws -> Scrape {
        try await withTemporaryDirectory { directory in
            Scrape(
                Exposition(metrics: try Bench(directory).metrics, version: BuildVersion("1.2.3")).write(
                    format))
        }
    }

    @Test("every series appears once", arguments: [Exposition.Format.text, .openMetrics])
    func unique(format: Exposition.Format) async throws {
        let scrape = try await scrape(format)
        #expect(scrape.faults.isEmpty)
        #expect(Set(scrape.samples.map(\.series)).count == scrape.samples.count)
    }

    @Test(
        "the series of a family stand together under one HELP and one TYPE",
        arguments: [Exposition.Format.text, .openMetrics])
    func contiguous(format: Exposition.Format) async throws {
        let scrape = try await scrape(format)
        let families = scrape.types.map(\.family)
        #expect(Set(families).count == families.count)
        #expect(scrape.helps == families)
        for (sample, family) in zip(scrape.samples, scrape.familyOfSample) {
            #expect(
                sample.name == family || sample.name.hasPrefix(family + "_"),
                "\(sample.series) under \(family)")
        }
    }

    @Test("a counter ends in _total, its family only in the text format")
    func counterNames() async throws {
        let text = try await scrape(.text)
        let openMetrics = try await scrape(.openMetrics)
        let textCounters = text.types.filter { $0.type == "counter" }.map(\.family)
        #expect(textCounters.allSatisfy { $0.hasSuffix("_total") })
        #expect(
            openMetrics.types.filter { $0.type == "counter" }.map { $0.family + "_total" } == textCounters)
        #expect(text.samples.map(\.series) == openMetrics.samples.map(\.series))
    }

    @Test("OpenMetrics ends with # EOF and the text format doesn't")
    func end() async throws {
        #expect(try await scrape(.openMetrics).lines.suffix(2) == ["# EOF", ""])
        let text = try await scrape(.text).lines
        #expect(!text.contains("# EOF"))
        #expect(text.last == "")
    }

    @Test("a unit is said in OpenMetrics alone, and the family's name ends in it")
    func units() async throws {
        #expect(try await scrape(.text).units.isEmpty)
        let units = try await scrape(.openMetrics).units
        #expect(units["signalbox_message_bytes"] == "bytes")
        #expect(units.allSatisfy { $0.key.hasSuffix("_" + $0.value) })
    }

    @Test("a bucket's bound is written as a float, in rising order up to +Inf")
    func bounds() async throws {
        let buckets = try await scrape(.text).samples.filter {
            $0.series.hasPrefix("signalbox_delivery_lag_seconds_bucket{transport=\"ws\"")
        }
        let bounds = buckets.compactMap { $0.series.firstMatch(of: /le="([^"]+)"/).map { String($0.1) } }
        #expect(
            bounds == [
                "0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1",
                "0.25",
                "0.5", "1.0", "2.5", "5.0", "+Inf",
            ])
    }

    @Test("the version stands in the build's series")
    func build() async throws {
        #expect(try await scrape(.text)["signalbox_build_info{version=\"1.2.3\"}"] == "1")
    }

    @Test("a version can't break out of its label")
    func version() {
        #expect(BuildVersion("1.0\"} 2\n# x").text == "1.02x")
    }

    @Test("the content types are those Prometheus 3 knows")
    func contentTypes() {
        #expect(Exposition.Format.text.contentType == "text/plain; version=0.0.4; charset=utf-8")
        #expect(
            Exposition.Format.openMetrics.contentType
                == "application/openmetrics-text; version=1.0.0; charset=utf-8")
    }
}
