import Foundation
import Testing
import TestSupport
@testable import GeoIP

extension CountryDatabaseFile {
    /// Looks twice, as it takes for a changed file to be read.
    func lookTwice() -> Change {
        let first = refresh()
        return first == .unchanged ? refresh() : first
    }

    func isLoaded(_ change: Change) -> Bool { change == current.map { .loaded($0.description) } }
}

@Suite("A country database that is loaded again when its file changes")
struct CountryDatabaseFileTests {
    private func german(_ file: CountryDatabaseFile) throws -> String? {
        try file.current?.country("203.0.113.9")
    }

    @Test("nothing is loaded before the first look, which reads at once")
    func firstLook() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            try place.move(in: Fixture.country.data)
            let file = CountryDatabaseFile(path: place.path)
            #expect(file.path == place.path)
            #expect(file.current == nil && file.problem == nil)
            let change = file.refresh()
            #expect(file.isLoaded(change))
            #expect(try german(file) == "DE")
            #expect(file.problem == nil)
            for _ in 0..<5 { #expect(file.refresh() == .unchanged) }
        }
    }

    @Test("a file moved into place is loaded at the second look that finds it")
    func replaced() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            try place.move(in: Fixture.country.data)
            let file = CountryDatabaseFile(path: place.path)
            _ = file.refresh()
            try place.move(in: Fixture.newer.data)
            #expect(file.refresh() == .unchanged)
            #expect(try german(file) == "DE")
            let change = file.refresh()
            #expect(file.isLoaded(change))
            #expect(try german(file) == "CH")
            #expect(file.refresh() == .unchanged)
        }
    }

    @Test("a copy of the same size with the time of the original is noticed")
    func sameSizeAndTime() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            try place.move(in: Fixture.country.data)
            let file = CountryDatabaseFile(path: place.path)
            _ = file.refresh()
            let manager = FileManager.default
            let time = try #require(try manager.attributesOfItem(atPath: place.path)[.modificationDate])
            var changed = try Fixture.country.data
            let range = try #require(changed.range(of: Data("DE".utf8)))
            changed.replaceSubrange(range, with: Data("DK".utf8))
            try await Task.sleep(for: .milliseconds(20))
            try place.overwrite(with: changed)
            try manager.setAttributes([.modificationDate: time], ofItemAtPath: place.path)
            let change = file.lookTwice()
            #expect(file.isLoaded(change))
            #expect(try german(file) == "DK")
        }
    }

    @Test("a file that is still growing isn't read")
    func growing() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            try place.move(in: Fixture.country.data)
            let file = CountryDatabaseFile(path: place.path)
            _ = file.refresh()
            let whole = try Fixture.newer.data
            for part in 1..<10 {
                try place.overwrite(with: whole.prefix(whole.count * part / 10))
                #expect(file.refresh() == .unchanged, "at \(part) tenths")
            }
            #expect(file.problem == nil)
            #expect(try german(file) == "DE")
            try place.overwrite(with: whole)
            let change = file.lookTwice()
            #expect(file.isLoaded(change))
            #expect(try german(file) == "CH")
        }
    }

    @Test("a file that can't be used is refused once, and the last good one stays")
    func refused() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            try place.move(in: Fixture.country.data)
            let file = CountryDatabaseFile(path: place.path)
            _ = file.refresh()
            for (data, words) in [
                (Data("hello".utf8), "is no MaxMind database"), (Data(), "is empty"),
                (try Fixture.asn.data, "names no countries"),
                (try Fixture.newer.data.dropLast(30), "damaged (in its metadata"),
            ] {
                try place.move(in: Data(data))
                guard case .refused(let sentence) = file.lookTwice() else {
                    Issue.record("not refused: \(words)")
                    continue
                }
                #expect(sentence.contains(words))
                #expect(file.problem == sentence)
                for _ in 0..<5 { #expect(file.refresh() == .unchanged) }
                #expect(file.problem == sentence)
                #expect(try german(file) == "DE")
            }
            // The same complaint about another file is news.
            try place.move(in: Data("hello".utf8))
            let first = file.lookTwice()
            try place.move(in: Data("hello".utf8))
            #expect(file.lookTwice() == first)

            try place.move(in: Fixture.newer.data)
            let change = file.lookTwice()
            #expect(file.isLoaded(change))
            #expect(file.problem == nil)
        }
    }

    @Test("a file that is gone is reported once, the database stays, and a new file is loaded")
    func vanished() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            try place.move(in: Fixture.country.data)
            let file = CountryDatabaseFile(path: place.path)
            _ = file.refresh()
            try place.remove()
            #expect(file.lookTwice() == .vanished)
            #expect(file.problem?.hasPrefix("There is no country database at") == true)
            for _ in 0..<5 { #expect(file.refresh() == .unchanged) }
            #expect(try german(file) == "DE")
            try place.move(in: Fixture.newer.data)
            let change = file.lookTwice()
            #expect(file.isLoaded(change))
            #expect(file.problem == nil)
            #expect(try german(file) == "CH")
        }
    }

    @Test("a file that is gone for one look only is none of anybody's business")
    func briefly() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            try place.move(in: Fixture.country.data)
            let file = CountryDatabaseFile(path: place.path)
            _ = file.refresh()
            try place.remove()
            #expect(file.refresh() == .unchanged)
            try place.move(in: Fixture.newer.data)
            let change = file.lookTwice()
            #expect(file.isLoaded(change))
            #expect(file.problem == nil)
        }
    }

    @Test("a file that was never there is refused, and loaded once it comes")
    func late() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            let file = CountryDatabaseFile(path: place.path)
            let problem = CountryDatabaseError(path: place.path, reason: .missing).description
            #expect(file.refresh() == .refused(problem))
            #expect(file.refresh() == .unchanged)
            #expect(file.current == nil)
            #expect(file.problem == problem)
            try place.move(in: Fixture.country.data)
            let change = file.lookTwice()
            #expect(file.isLoaded(change))
            #expect(file.problem == nil)
        }
    }

    @Test("what may pass without the file changing is tried at each look and reported once")
    func passing() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            try place.move(in: Fixture.country.data)
            let file = CountryDatabaseFile(path: place.path)
            _ = file.refresh()
            try place.remove()
            #expect(symlink(place.path, place.path) == 0)
            guard case .refused(let sentence) = file.lookTwice() else {
                Issue.record("a link to itself isn't refused")
                return
            }
            #expect(sentence.contains("Too many levels of symbolic links"))
            for _ in 0..<5 { #expect(file.refresh() == .unchanged) }
            #expect(file.problem == sentence)
            try place.remove()
            try place.move(in: Fixture.newer.data)
            let change = file.lookTwice()
            #expect(file.isLoaded(change))
            #expect(file.problem == nil)
        }
    }

    @Test("a link that is pointed elsewhere is followed")
    func linked() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "current").path
            for (name, fixture) in [("one", Fixture.country), ("two", Fixture.newer)] {
                try fixture.data.write(to: directory.appending(path: name))
            }
            #expect(symlink("one", path) == 0)
            let file = CountryDatabaseFile(path: path)
            _ = file.refresh()
            #expect(try german(file) == "DE")
            #expect(symlink("two", path + ".new") == 0 && rename(path + ".new", path) == 0)
            let change = file.lookTwice()
            #expect(file.isLoaded(change))
            #expect(try german(file) == "CH")
        }
    }

    @Test("an old database goes with its last reader, and its memory with it")
    func released() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            try place.move(in: Fixture.country.data)
            let file = CountryDatabaseFile(path: place.path)
            _ = file.refresh()
            var reader = file.current
            weak let old = reader
            try place.move(in: Fixture.newer.data)
            _ = file.lookTwice()
            #expect(try reader?.country("203.0.113.9") == "DE", "a reader keeps what it has")
            #expect(old != nil)
            reader = nil
            #expect(old == nil)
        }
    }
}
