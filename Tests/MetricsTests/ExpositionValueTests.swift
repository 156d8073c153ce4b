import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("The exposition's values")
struct ExpositionValueTests {
    private func scrape(_ bench: Bench) -> Scrape {
        Scrape(Exposition(metrics: bench.metrics, version: BuildVersion("1")).write(.text))
    }

    @Test("every counter is 0 in a fresh process over an old store, but for those that compare runs")
    func freshProcess() async throws {
        try await withTemporaryDirectory { directory in
            let old = try Bench(directory, counters: true)
            for counter in Counter.all { old.meter.add(counter, 5) }
            for histogram in Histogram.all { old.meter.observe(histogram, nanoseconds: 1_000) }
            await old.metrics.close(at: Bench.hour)
            let scrape = scrape(try Bench(directory, counters: true))
            let lifetime = [
                "signalbox_process_starts_total", "signalbox_unclean_shutdowns_total",
                "signalbox_missed_samples_total", "signalbox_store_set_aside_total",
            ]
            let counters = scrape.samples.filter {
                $0.name.hasPrefix("signalbox_") && $0.name.contains(/_(total|bucket|count|sum)$/)
            }
            #expect(counters.count > 200)
            for sample in counters where !lifetime.contains(sample.name) {
                #expect(sample.value == "0", "\(sample.series)")
            }
            #expect(lifetime.map { scrape[$0] } == ["7", "5", "5", "5"])
        }
    }

    @Test("every counter shows in its own series alone")
    func eachCounter() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            for counter in Counter.all { bench.meter.add(counter, UInt64(counter.slot + 10)) }
            let scrape = scrape(bench)
            for counter in Counter.all where !counter.isLifetime {
                let series = SlotTable.series(counter.family.name + "_total", counter.labels)
                #expect(scrape[series] == String(counter.slot + 10), "\(series)")
            }
        }
    }

    @Test("buckets are cumulative, and the last is the count")
    func buckets() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            for nanoseconds in [50_000, 200_000, 200_000, 9_000_000_000] as [UInt64] {
                bench.meter.observe(.requestDuration(.post), nanoseconds: nanoseconds)
            }
            let scrape = scrape(bench)
            let name = "signalbox_http_request_duration_seconds"
            func bucket(_ bound: String) -> String? {
                scrape["\(name)_bucket{group=\"post\",le=\"\(bound)\"}"]
            }
            #expect(["0.0001", "0.00025", "5.0", "+Inf"].map(bucket) == ["1", "3", "3", "4"])
            #expect(scrape["\(name)_count{group=\"post\"}"] == "4")
            #expect(scrape["\(name)_sum{group=\"post\"}"].flatMap(Double.init) == 9.00045)
        }
    }

    @Test("a gauge is what its source says at the scrape")
    func gauges() async throws {
        try await withTemporaryDirectory { directory in
            let fixed = FixedGauges(values: [.activeRooms: 3, .subscribers(.ws): 8, .roomBufferBytes: 1e15])
            let scrape = scrape(try Bench(directory, gauges: [fixed]))
            #expect(scrape["signalbox_active_rooms"] == "3")
            #expect(scrape["signalbox_subscribers{transport=\"ws\"}"] == "8")
            #expect(scrape["signalbox_room_buffer_bytes"] == "1000000000000000")
            #expect(scrape["signalbox_store_last_flush_timestamp_seconds"] == "0")
        }
    }

    @Test("the process's own readings are there and plausible")
    func process() async throws {
        try await withTemporaryDirectory { directory in
            let scrape = scrape(try Bench(directory, now: Bench.hour + 500))
            func value(_ name: String) -> Double { scrape[name].flatMap(Double.init) ?? -1 }
            #expect(value("process_start_time_seconds") == Double(Bench.hour) / 1_000 + 0.5)
            #expect(value("process_resident_memory_bytes") > 1_000_000)
            #expect(value("process_open_fds") > 2)
            #expect(value("process_max_fds") >= value("process_open_fds"))
            #expect(value("process_cpu_seconds_total") > 0)
        }
    }
}
