import Testing
@testable import SignalboxMetrics

@Suite("The meter")
struct MeterTests {
    @Test("one increment serves the total for ever and the count since the start")
    func twoReadings() {
        let slots = Slots()
        slots.add(40, to: Counter.messageBytes.slot)
        let meter = Meter(slots: slots)
        meter.add(.messageBytes, 2)
        #expect(meter.total(.messageBytes) == 42)
        #expect(meter.sinceStart(.messageBytes) == 2)
    }

    @Test("a counter counts in its own slot alone")
    func separateSlots() {
        for counter in Counter.all {
            let meter = Meter()
            meter.add(counter)
            #expect(meter.slots.values().enumerated().filter { $1 > 0 }.map(\.offset) == [counter.slot])
        }
    }

    @Test("several counts add up")
    func sums() {
        let meter = Meter()
        meter.add(.messages(.http), 3)
        meter.add(.messages(.ws), 4)
        #expect(meter.total(OriginalTotal.messages.counters) == 7)
    }

    @Test("adding from many threads loses nothing")
    func concurrentAdds() async {
        let meter = Meter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<10_000 { meter.add(.roomsCreated) } }
            }
        }
        #expect(meter.total(.roomsCreated) == 80_000)
    }

    @Test("a peak rises and never falls")
    func peaks() {
        let meter = Meter()
        meter.raise(.rooms, to: 5)
        meter.raise(.rooms, to: 3)
        #expect(meter.highest(.rooms) == 5)
        #expect(meter.highest(.subscribers) == 0)
        meter.raise(.rooms, to: 6)
        #expect(meter.highest(.rooms) == 6)
    }

    @Test("raising from many threads ends at the highest")
    func concurrentPeaks() async {
        let meter = Meter()
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<8 {
                group.addTask { for step in 0..<2_000 { meter.raise(.subscribers, to: step * 8 + thread) } }
            }
        }
        #expect(meter.highest(.subscribers) == 1_999 * 8 + 7)
    }

    @Test("the sequence mark is the highest number ever marked")
    func sequenceMark() {
        let meter = Meter()
        meter.markSequence(1_000)
        meter.markSequence(999)
        #expect(meter.sequenceMark == 1_000)
    }
}
