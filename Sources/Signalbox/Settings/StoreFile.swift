import Foundation
import SQLite

/// The store of DATA_DIR, for commands that look at it while a server may be using it.
struct StoreFile {
    let path: String

    /// - Throws: ``SettingsError`` when there is none, or something else under its name.
    init(_ settings: ServerSettings) throws {
        let folder = URL(filePath: settings["DATA_DIR"] ?? "./data")
        path = folder.appending(path: "signalbox.sqlite").path
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw SettingsError(description: "There is no store at \(path); set DATA_DIR or --data-dir.")
        }
        // Opening a pipe would wait for ever.
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SettingsError(description: "\(path) is no plain file.")
        }
    }

    /// A connection that can't change anything.
    /// - Throws: ``SettingsError`` when the file is another program's, `SQLiteError` when it can't be read.
    func open() throws -> Connection {
        let connection = try Connection(path: path, mode: .readOnly)
        guard try Database.isOurs(connection) else {
            throw SettingsError(description: "\(path) is not a store of Signalbox.")
        }
        return connection
    }
}
