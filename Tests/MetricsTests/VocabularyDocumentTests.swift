import Foundation
import Testing
@testable import SignalboxMetrics

@Suite("docs/metrics.md")
struct VocabularyDocumentTests {
    @Test("is what the vocabulary says; `make docs` writes it anew")
    func isUpToDate() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/metrics.md"), encoding: .utf8)
        #expect(page == VocabularyDocument.text)
    }

    @Test("names every family, every column and every total")
    func isWhole() {
        let text = VocabularyDocument.text
        for family in Counter.all.map(\.family.name) { #expect(text.contains("`\(family)_total`")) }
        for gauge in Gauge.all { #expect(text.contains("`\(gauge.family.name)")) }
        for stat in StoredStat.allCases { #expect(text.contains("| `\(stat.rawValue)` |")) }
        for total in OriginalTotal.allCases { #expect(text.contains("| `\(total.rawValue)` |")) }
    }
}
