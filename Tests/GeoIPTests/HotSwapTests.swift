import Foundation
import Synchronization
import Testing
import TestSupport
@testable import GeoIP

// One at a time: its readers take all the processors there are.
@Suite("Country databases that change while they are used", .serialized)
struct HotSwapTests {
    /// Threads of their own that look up without pause: tasks might wait for other tests to end.
    private final class Readers: Sendable {
        private let isOver = Atomic(false)
        private let running = Atomic(0)
        private let answers = Mutex<Set<String>>([])
        private let ended = DispatchGroup()

        init(_ file: CountryDatabaseFile, count: Int = 4) throws {
            let (four, six) = (try halves("203.0.113.9"), try halves("2001:db8::9"))
            for _ in 0..<count {
                ended.enter()
                Thread.detachNewThread { [self] in
                    running.add(1, ordering: .relaxed)
                    var seen: Set<String> = []
                    while !isOver.load(ordering: .relaxed) {
                        let database = file.current
                        seen.insert(database?.country(of: four)?.text ?? "none")
                        if database?.country(of: six)?.text != "NL" { seen.insert("not NL") }
                    }
                    answers.withLock { $0.formUnion(seen) }
                    ended.leave()
                }
            }
            while running.load(ordering: .relaxed) < count { usleep(1_000) }
        }

        /// Stops them.
        ///
        /// - Returns: every answer they got for an address that both fixtures know.
        func stop() -> Set<String> {
            isOver.store(true, ordering: .relaxed)
            ended.wait()
            return answers.withLock { $0 }
        }
    }

    private func answers(
        _ file: CountryDatabaseFile, while change: () throws -> Void
    ) throws -> Set<String> {
        let readers = try Readers(file)
        let outcome = Result { try change() }
        let answers = readers.stop()
        try outcome.get()
        return answers
    }

    private func withLoadedFile(
        _ body: (DatabasePlace, CountryDatabaseFile) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            try place.move(in: Fixture.country.data)
            let file = CountryDatabaseFile(path: place.path)
            _ = file.refresh()
            try await body(place, file)
        }
    }

    @Test("files are moved into place")
    func moved() async throws {
        try await withLoadedFile { place, file in
            weak let first = file.current
            let answers = try answers(file) {
                for round in 1...200 {
                    try place.move(in: round % 2 == 0 ? Fixture.country.data : Fixture.newer.data)
                    let change = file.lookTwice()
                    #expect(file.isLoaded(change))
                }
            }
            #expect(answers.isSubset(of: ["DE", "CH"]) && answers.contains("DE"))
            #expect(first == nil, "none of the readers is left")
        }
    }

    @Test("the file is written over in place, with rubbish and with another database")
    func overwritten() async throws {
        try await withLoadedFile { place, file in
            let rubbish = Data(repeating: 0xff, count: try Fixture.country.data.count)
            let answers = try answers(file) {
                for round in 1...200 {
                    switch round % 4 {
                    case 1: try place.overwrite(with: rubbish)
                    case 3: try place.overwrite(with: Fixture.newer.data)
                    default: try place.overwrite(with: Fixture.country.data)
                    }
                    _ = file.lookTwice()
                }
            }
            #expect(answers.isSubset(of: ["DE", "CH"]) && answers.contains("DE"))
        }
    }

    @Test("the file is cut off under the readers, where a mapping of it would end the process")
    func cut() async throws {
        try await withLoadedFile { place, file in
            let answers = try answers(file) {
                for _ in 1...100 {
                    for length in [off_t(1_000), 1, 0] {
                        #expect(truncate(place.path, length) == 0)
                        _ = file.lookTwice()
                    }
                    try place.overwrite(with: Fixture.country.data)
                    _ = file.lookTwice()
                }
                #expect(truncate(place.path, 10) == 0)
                _ = file.lookTwice()
            }
            #expect(answers == ["DE"])
            #expect(file.problem != nil)
            #expect(try file.current?.country("203.0.113.9") == "DE")
        }
    }

    @Test("the file is removed and comes back")
    func removed() async throws {
        try await withLoadedFile { place, file in
            let answers = try answers(file) {
                for _ in 1...100 {
                    try place.remove()
                    _ = file.lookTwice()
                    try place.move(in: Fixture.country.data)
                    _ = file.lookTwice()
                }
            }
            #expect(answers == ["DE"])
            #expect(file.problem == nil)
        }
    }

    @Test("looks at the same time don't get in each other's way")
    func manyLooks() async throws {
        try await withLoadedFile { place, file in
            try place.move(in: Fixture.newer.data)
            let loads = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask { (0..<200).count { _ in file.refresh() != .unchanged } }
                }
                return await group.reduce(0, +)
            }
            #expect(loads == 1)
            #expect(try file.current?.country("203.0.113.9") == "CH")
        }
    }

    @Test("loading hundreds of times leaves neither descriptors nor memory behind")
    func leaks() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            for _ in 0..<200 {
                _ = try place.database(Fixture.country.data)
                _ = try place.refusal(Fixture.asn.data)
                _ = try place.refusal(Data("hello".utf8))
            }
            // Other tests have a few of each at any moment.
            let manager = FileManager.default
            let open = try manager.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
                try? manager.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
            }
            #expect(open.count { $0.contains("country database") || $0.contains(directory.path) } < 50)
            let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
            #expect(maps.split(separator: "\n").count { $0.contains("country database") } < 50)
        }
    }
}
