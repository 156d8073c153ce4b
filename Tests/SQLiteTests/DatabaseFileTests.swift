import Foundation
import SQLite
import Testing
import TestSupport

@Suite("The file on disk")
struct DatabaseFileTests {
    @Test("nobody but the owner may read the file or its WAL")
    func privateFile() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.sqlite").path
            let database = try Database.open(path: path).database
            try await database.write { try $0.run("CREATE TABLE one (n INTEGER)") }
            for file in [path, path + "-wal", path + "-shm"] {
                let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(file)")
            }
        }
    }

    @Test("a checkpoint brings everything into the file itself")
    func checkpoint() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.sqlite").path
            let database = try Database.open(path: path).database
            try await database.write {
                try $0.run("CREATE TABLE one (n INTEGER); INSERT INTO one VALUES (9)")
            }
            try database.checkpoint()
            let copy = directory.appending(path: "copy.sqlite").path
            try FileManager.default.copyItem(atPath: path, toPath: copy)
            #expect(try Connection(path: copy).integer("SELECT n FROM one") == 9)
        }
    }

    @Test("the size on disk counts the WAL")
    func size() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.sqlite").path
            let database = try Database.open(path: path).database
            let before = database.bytesOnDisk
            try await database.write { connection in
                try connection.run("CREATE TABLE one (b BLOB)")
                try connection.execute(
                    "INSERT INTO one VALUES (?)", .blob([UInt8](repeating: 1, count: 100_000)))
            }
            #expect(database.bytesOnDisk >= before + 100_000)
        }
    }

    @Test("a directory in the file's place is an error, not something to move")
    func directory() async throws {
        try await withTemporaryDirectory { directory in
            #expect(throws: SQLiteError.self) { try Database.open(path: directory.path) }
            #expect(FileManager.default.fileExists(atPath: directory.path))
        }
    }
}
