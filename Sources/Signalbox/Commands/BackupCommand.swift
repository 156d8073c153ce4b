import ArgumentParser
import Foundation
import SQLite

/// `signalbox backup FILE`: a copy of the store as it is at one moment, while the server runs.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the store to a file, consistent and compact, while the server runs.",
        discussion: """
            The copy holds everything up to the last flush: history, identities, profiles and hashed sessions. \
            It appears under its name only when it is whole. To restore it, stop the server, put it in \
            DATA_DIR as signalbox.sqlite, and remove the signalbox.sqlite-wal and -shm that were there.
            """)

    @Argument(help: "Where the copy goes.")
    var file: String

    @Flag(name: .long, help: "Replace the file when it is there.")
    var force = false

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        do {
            let settings = try await options.load()
            let store = try StoreFile(settings)
            let target = URL(filePath: file)
            try refuse(target, besides: URL(filePath: store.path).deletingLastPathComponent())
            let size = try Self.copy(store, to: target)
            print("Copied to \(file), \(size) bytes.")
        } catch let error as SettingsError {
            throw CleanExit.message(error.description, code: .failure)
        } catch let error as SQLiteError {
            throw CleanExit.message(
                "The store could not be copied: \(error.message). Is there room, and may \(file) be written?",
                code: .failure)
        }
    }

    /// A copy takes the place of nothing but a file, and of none of the server's own.
    private func refuse(_ target: URL, besides data: URL) throws {
        var (there, folder, own) = (stat(), stat(), stat())
        let parent = target.deletingLastPathComponent().path
        guard stat(parent, &folder) == 0, folder.st_mode & S_IFMT == S_IFDIR else {
            throw SettingsError(description: "There is no folder \(parent); make it first.")
        }
        if stat(data.path, &own) == 0, (own.st_dev, own.st_ino) == (folder.st_dev, folder.st_ino) {
            throw SettingsError(
                description: "\(file) lies in DATA_DIR itself; name a file in another folder.")
        }
        guard lstat(target.path, &there) == 0 else { return }
        switch there.st_mode & S_IFMT {
        case S_IFREG, S_IFLNK: break
        case S_IFDIR: throw SettingsError(description: "\(file) is a folder; name a file in it.")
        default: throw SettingsError(description: "\(file) is no plain file; name another.")
        }
        guard force else {
            throw SettingsError(description: "\(file) is there already; --force replaces it.")
        }
        // A hard link to the store would be a copy that goes on changing.
        for name in ["signalbox.sqlite", "signalbox.sqlite-wal", "signalbox.sqlite-shm"]
        where stat(data.appending(path: name).path, &own) == 0 && stat(target.path, &there) == 0 {
            if (own.st_dev, own.st_ino) == (there.st_dev, there.st_ino) {
                throw SettingsError(description: "\(file) is the store itself; name another file.")
            }
        }
    }

    /// Who has logged out since must not be let in again by a restored copy.
    private static func endSessions(_ path: String) throws {
        let copy = try Connection(path: path, mode: .readWrite)
        // No file beside it: nobody else knows its name, and half of it is worth nothing.
        try copy.run("PRAGMA journal_mode = MEMORY; PRAGMA secure_delete = ON;")
        if try copy.integer("SELECT 1 FROM sqlite_master WHERE name = 'sessions'") != nil {
            try copy.run("DELETE FROM sessions")
        }
    }

    /// One statement, one snapshot: what the server writes meanwhile is not in it.
    /// - Returns: bytes.
    private static func copy(_ store: StoreFile, to target: URL) throws -> Int64 {
        let source = try store.open()
        // Made first and under a name of its own, so that nobody else can read a byte of it or write to it.
        var name = Array((target.path + ".XXXXXX").utf8CString)
        let made = mkstemp(&name)
        guard made >= 0 else {
            throw SettingsError(
                description: "\(target.path) can't be written: \(String(cString: strerror(errno))).")
        }
        defer { close(made) }
        let temporary = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do {
            // An absolute path is never taken for a URI.
            try source.execute("VACUUM INTO ?", .text(temporary))
            try endSessions(temporary)
            var status = stat()
            guard fsync(made) == 0, fstat(made, &status) == 0, status.st_size > 0,
                try Database.isOurs(Connection(path: temporary, mode: .readOnly))
            else { throw SettingsError(description: "\(temporary) could not be brought to the disk.") }
            guard rename(temporary, target.path) == 0 else {
                throw SettingsError(
                    description: "\(target.path) can't be written: \(String(cString: strerror(errno))).")
            }
            return Int64(status.st_size)
        } catch {
            unlink(temporary)
            throw error
        }
    }
}
