import Testing

@Suite("What the meter takes")
struct MeterSignatureTests {
    /// Types that could carry a piece of a request.
    static let carriers: Set<String> = [
        "String", "Substring", "StaticString", "StringProtocol", "Character", "Data", "UUID", "UInt8",
        "ByteBuffer",
        "Any", "AnyHashable", "URL",
    ]

    /// The parameter lists of every public function, initialiser and subscript.
    static func publicParameters(_ source: String) -> [String] {
        source.matches(
            of:
                /public\s+(?:convenience\s+|static\s+)?(?:func\s+\w+|init\??|subscript)\s*(<[^>]*>)?\(([^)]*)\)/
        )
        .map { "\($0.1 ?? "") \($0.2)" }
    }

    static func words(_ text: String) -> Set<String> { Set(text.matches(of: /\w+/).map { String($0.0) }) }

    @Test("no recording function takes text, bytes or an identity")
    func closed() throws {
        let source = try Repository.text("Sources/Metrics/Slots/Meter.swift")
        let lists = Self.publicParameters(source)
        #expect(lists.count >= 8, "the scan found hardly a function: it is broken")
        for list in lists {
            #expect(Self.words(list).isDisjoint(with: Self.carriers), "the meter takes «\(list)»")
        }
    }

    @Test("the scan sees text in a parameter")
    func scan() {
        let found = Self.publicParameters(
            "public func add(_ counter: Counter, room: String) {}\npublic init(data: [UInt8] = []) {}")
        #expect(found.map { Self.words($0).isDisjoint(with: Self.carriers) } == [false, false])
    }

    @Test("no counter, gauge, histogram or label carries text")
    func closedVocabulary() throws {
        var seen = 0
        for name in ["Counter", "Gauge", "Histogram", "Labels", "Route"] {
            let source = try Repository.text("Sources/Metrics/Vocabulary/\(name).swift")
            let payloads = source.matches(of: /\n\s*case \w+\(([^)]*)\)\s*\n/).map { String($0.1) }
            seen += payloads.count
            for payload in payloads {
                #expect(
                    Self.words(payload).isDisjoint(with: Self.carriers),
                    "\(name) has a case with «\(payload)»")
            }
        }
        #expect(seen >= 10, "the scan found hardly a case: it is broken")
    }
}
