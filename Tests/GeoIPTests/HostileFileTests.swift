import Foundation
import Testing
import TestSupport
@testable import GeoIP

/// libmaxminddb 1.7.1 by itself crashes over some of these and is busy for very long with others.
@Suite("Country databases made or damaged to do harm")
struct HostileFileTests {
    private func refusal(_ forged: Forged) async throws -> String? {
        try await withTemporaryDirectory { try DatabasePlace($0).refusal(forged.data) }
    }

    @Test("what is put together right is taken")
    func sound() async throws {
        try await withTemporaryDirectory { directory in
            let database = try DatabasePlace(directory).database(Forged.sound.data)
            #expect(try database.country("203.0.113.9") == "DE")
            let skipping = Forged.skipping(
                .array([.map([("b", .number(1, type: 6, bytes: 4))]), .text("c")]))
            #expect(try DatabasePlace(directory).database(skipping.data).country("203.0.113.9") == "DE")
        }
    }

    @Test("values nested deeper than the stack is")
    func nesting() async throws {
        let maps = [UInt8](repeating: 0xe1, count: 400_000)
        #expect(try await refusal(.skipping(.raw(maps)))?.contains("damaged") == true)
        let map = Forged.Value.map([("a", .raw([]))]).bytes
        let nested = Array([[UInt8]](repeating: map, count: 300_000).joined()) + [0xe0]
        #expect(try await refusal(.skipping(.raw(nested)))?.contains("nested without end") == true)
        let arrays = [UInt8]((0..<600_000).map { $0 % 2 == 0 ? 1 : 4 }) + [0, 4]
        #expect(try await refusal(.skipping(.raw(arrays)))?.contains("nested without end") == true)
        var metadata = Forged.sound
        metadata.description = .raw(Array(nested.prefix(60_000)) + [0xe0])
        #expect(try await refusal(metadata)?.contains("in its metadata: values are nested") == true)
    }

    @Test("a map of millions")
    func millions() async throws {
        let head: [UInt8] = [0xff, 0xff, 0xff, 0xff]
        #expect(try await refusal(.skipping(.raw(head)))?.contains("damaged") == true)
        let full = head + [UInt8](repeating: 0x40, count: 34_000_000)
        #expect(try await refusal(.skipping(.raw(full)))?.contains("a record has too many values") == true)
    }

    @Test("metadata that multiplies through pointers")
    func multiplying() async throws {
        var forged = Forged.sound
        // Pointers count from where the metadata begins.
        let key = try #require(forged.metadata.firstRange(of: Array("languages".utf8)))
        let first = key.upperBound + 2
        // Each element but the first points twice to the one before it: 2^28 values in 200 bytes.
        forged.languages = .array(
            (0..<28).map { level in
                let half: Forged.Value = level == 0 ? .text("e") : .pointer(first + 6 * (level - 1))
                return .array([half, half])
            })
        #expect(try await refusal(forged)?.contains("in its metadata: a record has too many values") == true)
    }

    @Test(
        "pointers that lead nowhere or in a circle",
        arguments: [
            // To itself, to a pointer, to the end and far away.
            [0x20, 3], [0x20, 5, 0x20, 0], [0x27, 0xff], [0x3f, 0xff, 0xff, 0xff, 0xff], [0x38, 0, 0, 0],
            [0x20],
        ] as [[UInt8]])
    func pointers(bytes: [UInt8]) async throws {
        #expect(try await refusal(.skipping(.raw(bytes)))?.contains("damaged") == true)
    }

    @Test("a record that points into itself")
    func selfPointing() async throws {
        // {"a": → the map itself, …}
        #expect(try await refusal(.skipping(.pointer(0)))?.contains("nested without end") == true)
    }

    @Test(
        "values of impossible types and sizes",
        arguments: [
            [0, 0], [0, 5], [0, 6], [0, 9], [0, 255], [0xa3, 1, 2, 3], [0xc5, 1, 2, 3, 4, 5], [0x67, 0],
            [9, 2],
            [17, 3], [5, 1], [3, 8], [2, 7],
        ] as [[UInt8]])
    func types(bytes: [UInt8]) async throws {
        #expect(try await refusal(.skipping(.raw(bytes)))?.contains("damaged") == true)
    }

    @Test("a map whose key is no text")
    func keys() async throws {
        #expect(
            try await refusal(.skipping(.raw([0xe1, 0xa1, 7, 0xa1, 7])))?.contains("key is no text") == true)
    }

    @Test("metadata that ends with the file's last page, where one byte more would crash")
    func lastPage() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            for kept in 0..<8 {
                var bytes = Array(
                    Forged.sound.data.prefix(Forged.sound.data.count - Forged.sound.metadata.count))
                bytes += Forged.sound.metadata.prefix(kept)
                let fill = [UInt8](repeating: 0, count: 4_096 - bytes.count)
                let sentence = try place.refusal(Data(fill + bytes))
                #expect(sentence?.contains("in its metadata") == true, "with \(kept) bytes of metadata")
            }
        }
    }

    @Test("a number of nodes that wraps around in 32 bits", arguments: [536_870_912, 536_870_913, 1 << 31])
    func wrapping(count: UInt64) async throws {
        var forged = Forged.sound
        forged.nodeCount = count
        #expect(try await refusal(forged)?.contains("damaged") == true)
    }

    @Test("fewer or more nodes than there are")
    func wrongCount() async throws {
        for count in [0, 2, 3, 4, 1_000] as [UInt64] {
            var forged = Forged.sound
            forged.nodeCount = count
            #expect(try await refusal(forged)?.contains("damaged") == true, "\(count) nodes")
        }
    }

    @Test("a build time that is no date")
    func buildTime() async throws {
        for time in [UInt64.max, 1 << 63, 253_402_300_800] {
            var forged = Forged.sound
            forged.built = time
            #expect(try await refusal(forged)?.contains("build time is no date") == true)
        }
    }

    @Test("an IP version that there isn't")
    func ipVersion() async throws {
        for version in [0, 5, 7] as [UInt64] {
            var forged = Forged.sound
            forged.ipVersion = version
            #expect(try await refusal(forged)?.contains("metadata makes no sense") == true)
        }
    }

    @Test("trees with circles, and trees that lead to themselves")
    func circles() async throws {
        let end = Forged.record(0, of: 3)
        let trees: [[(UInt32, UInt32)]] = [
            [(1, end), (2, end), (1, end)], [(1, end), (1, 1), (end, end)], [(0, end), (1, 1), (2, 2)],
        ]
        for nodes in trees {
            #expect(try await refusal(Forged(nodes: nodes))?.contains("its search tree") == true, "\(nodes)")
        }
    }

    @Test("a tree deeper than an address is long")
    func deep() async throws {
        func chain(_ count: Int) -> Forged {
            let end = Forged.record(0, of: count)
            return Forged(nodes: (1...count).map { $0 == count ? (end, end) : (UInt32($0), end) })
        }
        #expect(try await refusal(chain(32)) == nil)
        #expect(try await refusal(chain(33))?.contains("tree is too deep") == true)
    }

    @Test("a tree in which the same parts are met again and again, deeper each time")
    func tangled() async throws {
        let count = 120
        let end = Forged.record(0, of: count)
        var forged = Forged(
            nodes: (0..<count).map {
                (UInt32($0 + 2 < count ? $0 + 2 : Int(end)), UInt32($0 + 1 < count ? $0 + 1 : Int(end)))
            })
        forged.ipVersion = 6
        #expect(try await refusal(forged)?.contains("tangled") == true)
    }

    @Test("records before the first, after the last and out of the file")
    func outside() async throws {
        for value in [2, 16, 1_000, 100_000, .max] as [UInt32] {
            let forged = Forged(nodes: [(Forged.record(0, of: 1), value)])
            #expect(try await refusal(forged)?.contains("damaged") == true, "a record at \(value)")
        }
    }

    @Test("whatever bytes are flipped, nothing crashes, and what is given out are countries")
    func flips() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            // The file ends with a page, so that a byte read past it would be noticed.
            let whole = Array(try Fixture.country.data)
            let marker = try #require(whole.firstRange(of: Forged.sound.marker)).lowerBound
            let fill = [UInt8](repeating: 0, count: 4_096 - whole.count % 4_096)
            let padded = whole[..<marker] + fill + whole[marker...]
            #expect(padded.count % 4_096 == 0)
            var random = SeededGenerator(seed: 4)
            let addresses = try ["203.0.113.9", "192.0.2.200", "198.51.100.1", "2001:db8::1", "::1"].map(
                halves)
            var (loaded, refused) = (0, 0)
            for round in 0..<4_000 {
                var bytes = Array(padded)
                // The metadata is small and matters most: every other round is its own.
                let from = round % 2 == 0 ? 0 : marker + fill.count
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: from..<bytes.count, using: &random)] = .random(
                        in: 0...255, using: &random)
                }
                do {
                    let database = try place.database(Data(bytes))
                    loaded += 1
                    for address in addresses + (0..<20).map({ _ in (random.next(), random.next()) }) {
                        #expect(database.country(of: address)?.isCountry != false)
                    }
                } catch is CountryDatabaseError {
                    refused += 1
                }
            }
            #expect(loaded > 100 && refused > 100, "\(loaded) loaded, \(refused) refused: hardly a test")
        }
    }
}
