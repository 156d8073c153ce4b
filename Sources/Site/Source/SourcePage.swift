import SignalboxMetrics
import Web

/// `/source`: what runs here and how to check it. The same for everybody, and over restarts of one build.
struct SourcePage: Sendable {
    let record: BuildRecord

    struct View {
        struct Fact { let name, value: String }
        struct Promise {
            let promise: String
            let tests: [String]
        }
        let origin: String
        let version: String
        let commit: String?
        let source: String?
        let checkout: String
        let program: [Fact]
        let pages: [Fact]
        let promises: [Promise]
        let counted: [Catalogue.Entry]
        let keeping: [Fact]
    }

    func view(origin: String) async -> View {
        View(
            origin: origin, version: record.version, commit: record.commit, source: record.source,
            checkout: record.commit.map { String($0.prefix { $0 != "+" }) } ?? "COMMIT",
            program: await record.program().map { .init(name: $0.name, value: $0.sha256) },
            pages: record.pages.map { .init(name: $0.name, value: $0.sha256) },
            promises: record.promises.map { .init(promise: $0.promise, tests: $0.tests) },
            counted: Catalogue.entries, keeping: record.keeping.map { .init(name: $0.name, value: $0.value) })
    }
}
