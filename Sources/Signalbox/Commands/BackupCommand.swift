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
            let source = (settings["DATA_DIR"] ?? "./data") + "/signalbox.sqlite"
            let manager = FileManager.default
            guard manager.fileExists(atPath: source) else {
                throw SettingsError(
                    description: "There is no store at \(source); set DATA_DIR or --data-dir.")
            }
            guard force || !manager.fileExists(atPath: file) else {
                throw SettingsError(description: "\(file) is there already; --force replaces it.")
            }
            try Self.refuse(file, inPlaceOf: source)
            let temporary = file + ".part"
            try? manager.removeItem(atPath: temporary)
            do {
                try Self.copy(source, to: temporary)
                guard rename(temporary, file) == 0 else {
                    throw SettingsError(
                        description: "\(file) can't be written: \(String(cString: strerror(errno))).")
                }
            } catch {
                try? manager.removeItem(atPath: temporary)
                throw error
            }
            let size = try? manager.attributesOfItem(atPath: file)[.size] as? NSNumber
            print("Copied to \(file), \(size?.intValue ?? 0) bytes.")
        } catch let error as SettingsError {
            throw CleanExit.message(error.description, code: .failure)
        } catch let error as SQLiteError {
            throw CleanExit.message(
                "The store could not be copied: \(error.message). Is there room, and may \(file) be written?",
                code: .failure)
        }
    }

    /// A running server would go on writing to a store that has no name any more.
    private static func refuse(_ file: String, inPlaceOf source: String) throws {
        var (target, store) = (stat(), stat())
        let isThere = stat(file, &target) == 0
        if isThere, target.st_mode & S_IFMT == S_IFDIR {
            throw SettingsError(description: "\(file) is a folder; name a file in it.")
        }
        for suffix in ["", "-wal", "-shm"] where isThere && stat(source + suffix, &store) == 0 {
            if (target.st_dev, target.st_ino) == (store.st_dev, store.st_ino) {
                throw SettingsError(description: "\(file) is the store itself; name another file.")
            }
        }
    }

    /// One statement, one snapshot: what the server writes meanwhile is not in it.
    private static func copy(_ source: String, to path: String) throws {
        // Made first, so that nobody else can read a byte of it.
        let empty = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard empty >= 0 else {
            throw SettingsError(description: "\(path) can't be written; check the folder.")
        }
        close(empty)
        try Connection(path: source, mode: .readOnly).execute("VACUUM INTO ?", .text(path))
        let copy = open(path, O_RDONLY | O_CLOEXEC)
        guard copy >= 0, fsync(copy) == 0 else {
            throw SettingsError(description: "\(path) could not be brought to the disk.")
        }
        close(copy)
    }
}
