import Foundation
import SignalboxMetrics
import Web

/// What runs here, for whoever wants to check it.
public struct ServerFacts: Sendable {
    let version: String
    /// The commit that was built, where the build noted it.
    let commit: String?
    /// Unix ms.
    let startedAt: Int64
    /// Where the source can be had; nil when the operator didn't say.
    let source: String?
    /// What is promised, and the tests that would notice.
    let promises: [(promise: String, tests: [String])]
    /// What says how long counts are kept and how countries are found: name and value.
    let settings: [(name: String, value: String)]
    /// Files of the running program and their SHA-256, asked for when they are first wanted.
    let hashes: @Sendable () async -> [(name: String, sha256: String)]

    public init(
        version: String, commit: String?, startedAt: Int64, source: String?,
        promises: [(promise: String, tests: [String])], settings: [(name: String, value: String)],
        hashes: @escaping @Sendable () async -> [(name: String, sha256: String)]
    ) {
        self.version = version
        self.commit = commit
        self.startedAt = startedAt
        self.source = source
        self.promises = promises
        self.settings = settings
        self.hashes = hashes
    }
}

/// `GET /api/status`.
struct StatusRoute: Sendable {
    let relay: RelayState
    let facts: ServerFacts

    func add(to router: ColdRouter) { router.on(.status) { _ in await status() } }

    private func status() async -> FrontResponse {
        let hashes = await facts.hashes()
        let started = Date(timeIntervalSince1970: Double(facts.startedAt) / 1_000)
        var answer = FrontResponse.json(
            JSONWriter.object(capacity: 512) {
                $0.field("ok", true)
                $0.field(
                    "started_at", started.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
                )
                $0.field("uptime_seconds", max(0, relay.clock.now() - facts.startedAt) / 1_000)
                $0.field("rooms", relay.rooms.registry.count)
                $0.field("version", facts.version)
                $0.field("commit", facts.commit ?? "")
                // The original names its runtime here; clients may expect the member.
                $0.field("node_version", "none")
                $0.key("source_hashes")
                $0.object { list in
                    for file in hashes {
                        list.key(named: file.name)
                        list.string("sha256:" + file.sha256)
                    }
                }
                $0.field("source", facts.source ?? "")
                $0.field(
                    "reproducible_build",
                    "scripts/setup run && swift build -c release --static-swift-stdlib --product signalbox")
                $0.key("settings")
                $0.object { list in
                    for setting in facts.settings {
                        list.key(named: setting.name)
                        list.string(setting.value)
                    }
                }
                $0.key("promises")
                $0.array { list in
                    for promise in facts.promises {
                        list.object {
                            $0.field("promise", promise.promise)
                            $0.key("tests")
                            $0.array { for test in promise.tests { $0.string(test) } }
                        }
                    }
                }
                $0.key("counted")
                $0.array { list in
                    for entry in Catalogue.entries {
                        list.object {
                            $0.field("name", entry.name)
                            $0.field("type", entry.type)
                            $0.field("labels", entry.labels)
                            $0.field("help", entry.help)
                        }
                    }
                }
            }, headers: [(name: "Cache-Control", value: "public, max-age=30")])
        answer.isCompressible = true
        return answer
    }
}
