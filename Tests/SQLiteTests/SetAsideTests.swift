import Foundation
import SQLite
import Testing
import TestSupport

@Suite("A file that isn't ours")
struct SetAsideTests {
    @Test("a file that is no database is moved aside whole and a new one made")
    func garbage() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "signalbox.sqlite").path
            let garbage = Data(repeating: 0x2a, count: 5_000)
            try garbage.write(to: URL(filePath: path))
            let (database, setAside) = try Database.open(path: path)
            let moved = try #require(setAside?.movedTo)
            #expect(try Data(contentsOf: URL(filePath: moved)) == garbage)
            try await database.write { try $0.run("CREATE TABLE one (n INTEGER)") }
        }
    }

    @Test("another application's database is moved aside with its content")
    func foreign() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "signalbox.sqlite").path
            let theirs = try Connection(path: path)
            try theirs.run(
                "PRAGMA application_id = 77; CREATE TABLE theirs (n INTEGER); INSERT INTO theirs VALUES (5)")
            let moved = try #require(try Database.open(path: path).setAside?.movedTo)
            let kept = try Connection(path: moved, mode: .readOnly).integer("SELECT n FROM theirs")
            #expect(kept == 5)
        }
    }

    @Test("a database that somebody made without naming an application isn't taken over")
    func unnamed() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "signalbox.sqlite").path
            try Connection(path: path).run("CREATE TABLE theirs (n INTEGER)")
            #expect(try Database.open(path: path).setAside != nil)
        }
    }

    @Test("files moved aside in the same second all stay")
    func twice() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "signalbox.sqlite").path
            var moved: Set<String> = []
            for round in 0..<3 {
                try Data("not a database \(round)".utf8).write(to: URL(filePath: path))
                let (_, setAside) = try Database.open(path: path)
                moved.insert(try #require(setAside?.movedTo))
            }
            #expect(moved.count == 3)
            let contents = try moved.sorted().map { try String(contentsOfFile: $0, encoding: .utf8) }
            #expect(Set(contents) == ["not a database 0", "not a database 1", "not a database 2"])
        }
    }

    @Test("our own file is opened again, not moved")
    func ours() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "signalbox.sqlite").path
            try await Database.open(path: path).database.write { try $0.run("CREATE TABLE one (n INTEGER)") }
            #expect(try Database.open(path: path).setAside == nil)
        }
    }
}
