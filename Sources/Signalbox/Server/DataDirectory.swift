import Foundation
import Web

/// DATA_DIR: made when it isn't there, used by one server at a time.
final class DataDirectory {
    let path: String
    private let lock: Int32

    var databasePath: String { path + "/signalbox.sqlite" }
    var reportsPath: String { path + "/reports.jsonl" }
    var tokenPath: String { path + "/metrics-token" }

    /// Beside other memory files, with a name that follows from the directory, so that two servers on one
    /// machine don't meet.
    var defaultCountersPath: String {
        let shared = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : path
        return "\(shared)/signalbox-\(geteuid())-\(fingerprint(of: path.utf8)).counters"
    }

    init(path: String) throws {
        self.path = URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
            .trimmingSuffix("/")
        do {
            try FileManager.default.createDirectory(
                atPath: self.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw SettingsError(
                description: "DATA_DIR \(path) can't be made; set it to a folder that can be written.")
        }
        lock = open(self.path + "/signalbox.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw SettingsError(
                description: "DATA_DIR \(path) can't be written; set it to a folder that can.")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw SettingsError(
                description: "Another signalbox uses DATA_DIR \(path); stop it or set another folder.")
        }
    }

    deinit { close(lock) }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: Character) -> String {
        count > 1 && last == suffix ? String(dropLast()) : self
    }
}
