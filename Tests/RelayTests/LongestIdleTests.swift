import SignalboxMetrics
import Testing
import TestSupport
@testable import Relay

@Suite("Which room makes way, at random")
struct LongestIdleTests {
    @Test("always the one that has been empty and silent the longest", arguments: 0..<6)
    func model(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        let cap = [5, 60, 700][seed % 3]
        let house = try House { ($0.roomsMax, $0.graceSeconds) = (cap, 1_000_000) }
        var lastActive: [String: Int64] = [:]
        var made = 0
        for _ in 0..<2_000 {
            house.clock.now += 1 + Int64.random(in: 0...20, using: &random)
            if random.chance(1, in: 2), let known = lastActive.keys.sorted().randomElement(using: &random) {
                try house.accept(known)
                lastActive[known] = house.clock.now
                continue
            }
            made += 1
            let longest = lastActive.min { $0.value < $1.value }?.key
            try house.accept("room-\(made)")
            if lastActive.count == cap, let longest {
                lastActive[longest] = nil
                #expect(house.registry.find(try House.id(longest)) == nil)
            }
            lastActive["room-\(made)"] = house.clock.now
            #expect(house.registry.count == lastActive.count)
        }
        #expect(try lastActive.keys.allSatisfy { house.registry.find(try House.id($0)) != nil })
        #expect(house.meter.total(.roomsEvicted(.capacity)) == UInt64(made - lastActive.count))
    }
}
