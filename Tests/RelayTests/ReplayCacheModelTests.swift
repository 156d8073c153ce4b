import Testing
import TestSupport
@testable import Relay

@Suite("What handles have signed, at random")
struct ReplayCacheModelTests {
    private static let share = 8

    /// The same without any cleverness. What ran out stays until something drops it, as in the cache.
    private struct Model {
        let perHandle: Int
        let total: Int
        var seen: [Handle: [String: Int64]] = [:]

        var count: Int { seen.values.reduce(0) { $0 + $1.count } }

        mutating func remember(_ item: String, _ handle: Handle, _ expiry: Int64, _ now: Int64) -> String {
            var known = seen[handle] ?? [:]
            if let old = known[item], old >= now { return "replayed" }
            func isFull() -> Bool {
                let others = count - (seen[handle]?.count ?? 0)
                return known.count >= perHandle
                    || (others + known.count >= total && known.count >= ReplayCacheModelTests.share)
            }
            if isFull() { known = known.filter { $0.value >= now } }
            let refused = isFull()
            if !refused { known[item] = expiry }
            seen[handle] = known
            return refused ? "full" : "fresh"
        }
    }

    private func word(_ entry: ReplayCache.Entry) -> String {
        switch entry {
        case .fresh: "fresh"
        case .replayed: "replayed"
        case .full(let seconds): seconds >= 1 ? "full" : "full, but come back at once"
        }
    }

    @Test("behaves as its rules say, and what it counts is what it holds", arguments: 0..<16)
    func model(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        let perHandle = [3, 12, 40][seed % 3]
        let total = [perHandle, 60, 1_000][seed % 3]
        let cache = ReplayCache(perHandle: perHandle, total: total)
        var model = Model(perHandle: perHandle, total: max(perHandle, total))
        let handles = try (0..<7).map { try Handle.made("handle-\($0)") }
        var now: Int64 = 0
        for _ in 0..<4_000 {
            now += Int64.random(in: 0...40, using: &random)
            // Clocks are set back.
            if random.chance(1, in: 200) { now -= Int64.random(in: 0...500, using: &random) }
            let handle = handles[Int.random(in: handles.indices, using: &random)]
            switch Int.random(in: 0..<100, using: &random) {
            case 0:
                cache.forget(handle)
                model.seen[handle] = nil
            case 1...2:
                cache.sweep(now: now)
                model.seen = model.seen.mapValues { $0.filter { $0.value >= now } }
            default:
                let item = "item-\(Int.random(in: 0..<60, using: &random))"
                let expiry = now + Int64.random(in: 0...2_000, using: &random)
                #expect(cache.has(item, of: handle, now: now) == (model.seen[handle]?[item] ?? .min >= now))
                let entry = cache.remember(item, of: handle, until: expiry, now: now)
                #expect(word(entry) == model.remember(item, handle, expiry, now))
            }
            #expect(cache.count == model.count)
            #expect(cache.count <= model.total + Self.share * handles.count)
            #expect(model.seen.values.allSatisfy { $0.count <= perHandle })
        }
        cache.sweep(now: now + 10_000)
        #expect(cache.count == 0)
    }
}
