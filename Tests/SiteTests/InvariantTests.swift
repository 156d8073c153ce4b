import Foundation
import SignalboxMetrics
import Testing
@testable import Site

@Suite("What /source says")
struct InvariantTests {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("every promise names tests that are there")
    func promises() {
        for invariant in Invariant.all {
            #expect(!invariant.tests.isEmpty, "\(invariant.promise)")
            for test in invariant.tests {
                let path = Self.tests.appending(path: test).path(percentEncoded: false)
                #expect(FileManager.default.fileExists(atPath: path), "\(test)")
            }
        }
    }

    @Test("the catalogue has every family of the contract, each once, and tells what it means")
    func catalogue() {
        let promised = ExpositionContract.text.split(separator: "\n").map {
            String($0.split(separator: " ")[0])
        }
        #expect(Catalogue.entries.map(\.name).sorted() == promised.sorted())
        for entry in Catalogue.entries {
            #expect(entry.help.hasSuffix(".") || entry.help.contains(";"), "\(entry.name)")
        }
    }
}
