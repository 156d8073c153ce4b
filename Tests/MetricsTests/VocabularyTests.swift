import GeoIP
import Testing
@testable import SignalboxMetrics

@Suite("The vocabulary is closed and small")
struct VocabularyTests {
    @Test("every counter's slot is its place in the list of all")
    func counterSlots() {
        #expect(Counter.all.map(\.slot) == Array(0..<Counter.slotCount))
    }

    @Test("every histogram's place is its place in the list of all")
    func histogramPlaces() {
        #expect(Histogram.all.map(\.index) == Array(0..<Histogram.all.count))
        #expect(Histogram.slotCount == Histogram.all.count * Histogram.slotsEach)
    }

    @Test("every gauge's place is its place in the list of all")
    func gaugePlaces() {
        #expect(Gauge.all.map(\.index) == Array(0..<Gauge.all.count))
    }

    @Test("every slot has one name and every name one slot")
    func slotNames() {
        #expect(SlotTable.names.count == SlotTable.count)
        #expect(Set(SlotTable.names).count == SlotTable.count)
    }

    @Test("slots of different kinds don't overlap")
    func kindsDoNotOverlap() {
        let histograms = Histogram.all.flatMap { histogram in
            (0..<Histogram.slotsEach).map { SlotTable.slot(histogram) + $0 }
        }
        let peaks = Peak.allCases.flatMap { [SlotTable.highest($0), SlotTable.thisMinute($0)] }
        let countries = CountryCode.all.map { SlotTable.slot($0) }
        let imported = OriginalTotal.allCases.map { SlotTable.slot(imported: $0) }
        let all =
            Counter.all.map(\.slot) + histograms + peaks + [SlotTable.sequenceMark] + countries + imported
        #expect(all.sorted() == Array(0..<SlotTable.count))
    }

    private func countIsRight<L: Label>(_ label: L.Type) -> Bool {
        L.count == L.allCases.count && L.allCases.map(\.rawValue) == Array(0..<L.count)
            && Set(L.allCases.map(\.text)).count == L.count
    }

    @Test("a label's count is the number of its values, numbered from 0, each with a text of its own")
    func labelCounts() {
        #expect(countIsRight(Transport.self))
        #expect(countIsRight(Ingress.self))
        #expect(countIsRight(ClientKind.self))
        #expect(countIsRight(StatusClass.self))
        #expect(countIsRight(Method.self))
        #expect(countIsRight(LimitReason.self))
        #expect(countIsRight(CapacityReason.self))
        #expect(countIsRight(EvictionReason.self))
        #expect(countIsRight(DisconnectReason.self))
        #expect(countIsRight(WaitEnd.self))
        #expect(countIsRight(Admission.self))
        #expect(countIsRight(Outcome.self))
        #expect(countIsRight(AlertName.self))
        #expect(countIsRight(AlertChangeKind.self))
        #expect(countIsRight(OperatorChannelLabel.self))
        #expect(countIsRight(Route.self))
        #expect(countIsRight(RouteGroup.self))
    }

    @Test("a minute stores at most 150 columns, each named once and like a column")
    func storedColumns() {
        let names = StoredStat.allCases.map(\.rawValue)
        // t, last_t, samples and three totals stand beside them.
        #expect(names.count + 6 <= 150)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil })
    }

    @Test("no counter is counted twice in one total of the wire format", arguments: OriginalTotal.allCases)
    func totalsCountOnce(total: OriginalTotal) {
        #expect(!total.counters.isEmpty)
        #expect(Set(total.counters).count == total.counters.count)
    }

    @Test("a name is a Prometheus name with its unit at the end")
    func names() {
        let families =
            Counter.all.map(\.family) + Gauge.all.map(\.family) + Histogram.all.map(\.family)
            + ProcessReadings.all.map(\.family)
        for family in families {
            #expect(family.name.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil, "\(family.name)")
            #expect(!family.name.hasSuffix("_total"), "\(family.name)")
            #expect(family.help.hasSuffix("."), "\(family.name)")
            if let unit = family.unit { #expect(family.name.hasSuffix("_" + unit), "\(family.name)") }
        }
    }

    @Test("a status has the class the original counts it in")
    func statusClasses() {
        #expect(
            [200, 204, 101, 304].map { StatusClass(status: $0) } == [.success, .success, .success, .success])
        #expect(
            [400, 404, 499].map { StatusClass(status: $0) } == [.clientError, .clientError, .clientError])
        #expect(StatusClass(status: 429) == .tooManyRequests)
        #expect(
            [500, 503, 599].map { StatusClass(status: $0) } == [.serverError, .serverError, .serverError])
    }
}
