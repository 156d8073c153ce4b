import Foundation
import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("The exposition's contract")
struct ExpositionContractTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.repository.appending(path: path), encoding: .utf8)
    }

    @Test("docs/metric-names.txt names what is exposed: `signalbox metrics --names` writes it")
    func names() throws {
        #expect(try text("docs/metric-names.txt") == ExpositionContract.text)
    }

    // Whoever changes a name has to tell those whose dashboards and alerts use it.
    @Test("a changed name comes with a line in the changelog that has the contract's new fingerprint")
    func changelog() throws {
        let hash = ExpositionContract.text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        let wanted = "contract `\(String(hash, radix: 16))`"
        let names = try text("CHANGELOG.md").split(separator: "\n").filter { $0.contains("contract `") }
        #expect(
            names.first?.contains(wanted) == true,
            "CHANGELOG.md's newest line about the exposition must say what changed, and \(wanted)")
    }

    @Test("every family that a scrape has is in the contract, and the other way round")
    func complete() async throws {
        try await withTemporaryDirectory { directory in
            let scrape = Scrape(
                Exposition(metrics: try Bench(directory).metrics, version: BuildVersion("1.2.3")).write(.text)
            )
            let promised = ExpositionContract.text.split(separator: "\n").map { line in
                line.split(separator: " ").prefix(2).joined(separator: " ")
            }
            #expect(Set(scrape.types.map { "\($0.family) \($0.type)" }) == Set(promised))
        }
    }

    @Test("an idle server's scrape is the one that is written down, byte for byte")
    func idle() async throws {
        try await withTemporaryDirectory { directory in
            let exposition = Exposition(metrics: try Bench(directory).metrics, version: BuildVersion("1.2.3"))
            let bytes = exposition.write(.openMetrics, GaugeReadings(), ProcessReadings())
            #expect(String(decoding: bytes, as: UTF8.self) == (try text("Tests/Golden/idle-scrape.txt")))
        }
    }

    @Test(
        "seconds are exact",
        arguments: [
            (0, "0"), (1, "0.000000001"), (1_500_000_000, "1.5"), (60_000_000_000, "60"),
            (UInt64(9_007_199_254_740_993), "9007199.254740993"),
        ] as [(UInt64, String)])
    func seconds(nanoseconds: UInt64, text: String) {
        var bytes: [UInt8] = []
        bytes.append(seconds: nanoseconds)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }
}
