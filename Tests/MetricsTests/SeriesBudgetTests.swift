import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("The number of series is known")
struct SeriesBudgetTests {
    @Test("at most 2,000 are exposed, in either format")
    func exposed() async throws {
        try await withTemporaryDirectory { directory in
            let exposition = Exposition(metrics: try Bench(directory).metrics, version: BuildVersion("1.0.0"))
            let text = Scrape(exposition.write(.text)).samples.count
            let openMetrics = Scrape(exposition.write(.openMetrics)).samples.count
            print("exposed series: \(text); stored columns: \(StoredStat.allCases.count + 6)")
            #expect(text == openMetrics)
            #expect(text > Counter.slotCount)
            #expect(text <= 2_000)
        }
    }
}
